/** Tells a person how the servers are: in the status of the language, and when something is wrong, once. */
import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import type { Health, Remedy } from "./health";
import { notice, overall, say } from "./health";
import { install } from "./install";
import { restart } from "./restarting";
import type { Server } from "./server";
import type { Servers } from "./servers";
import type { Pipelines } from "./state";
import { counted } from "./wording";

const LABELS: Readonly<Record<Remedy, string>> = {
  restart: "Restart",
  install: "Install",
  update: "Update",
  choose: "Choose Python",
  log: "Show Log",
};

export class Status implements vscode.Disposable {
  private readonly items = new Map<Server, vscode.LanguageStatusItem>();
  private readonly told = new Set<string>();
  private readonly listening: { dispose(): unknown }[];

  constructor(
    private readonly servers: Servers,
    private readonly pipelines: Pipelines,
    /** The folder of this extension. */
    private readonly extension: string,
  ) {
    this.listening = [
      servers.onDidChangeHealth((server) => {
        this.show(server);
        this.tell(server);
        this.showOverall();
      }),
      pipelines.onDidChange(() => {
        servers.all.forEach((server) => {
          this.show(server);
        });
        this.showOverall();
      }),
      vscode.commands.registerCommand(COMMANDS.remedy, (remedy: Remedy, folder: string) => {
        const server = servers.all.find((each) => each.folder.uri.fsPath === folder);
        return server && this.apply(remedy, server);
      }),
      vscode.commands.registerCommand(COMMANDS.install, () => {
        const server = servers.all.find(({ health }) => health.kind === "missing" || health.kind === "old");
        return server && this.apply("install", server);
      }),
    ];
    this.showOverall();
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening, ...this.items.values()).dispose();
  }

  private show(server: Server): void {
    if (!this.servers.all.includes(server)) {
      this.items.get(server)?.dispose();
      this.items.delete(server);
      return;
    }
    const item = this.items.get(server) ?? this.create(server);
    const said = say(server.health);
    item.text = `Pivot: ${this.verdicts(server) ?? said.text}`;
    item.detail = detail(server.health);
    item.busy = said.busy;
    item.severity = SEVERITIES[said.severity];
    item.command = {
      command: COMMANDS.remedy,
      title: LABELS[said.remedy],
      arguments: [said.remedy, server.folder.uri.fsPath],
    };
  }

  /** For the conditions in package.json. */
  private showOverall(): void {
    const healths = this.servers.all.map((server) => server.health);
    const state = overall(healths, this.pipelines.found, vscode.workspace.isTrusted);
    void vscode.commands.executeCommand("setContext", "pivot.state", state);
  }

  /** How many stages are fresh, stale, …: the health that a person asks about most. */
  private verdicts(server: Server): string | undefined {
    const own = this.pipelines.all().filter(({ root }) => this.pipelines.server(root) === server);
    const stages = own.flatMap((pipeline) => pipeline.stages);
    return stages.length > 0 ? counted(stages) : undefined;
  }

  private create(server: Server): vscode.LanguageStatusItem {
    const pattern = new vscode.RelativePattern(server.folder, "**/*");
    const id = `pivot.${server.folder.uri.toString()}`;
    const item = vscode.languages.createLanguageStatusItem(id, { language: "python", pattern });
    item.name = "Pivot";
    this.items.set(server, item);
    return item;
  }

  private tell(server: Server): void {
    const { health, folder } = server;
    if (health.kind === "running") {
      // What is wrong from now on is something new.
      [...this.told]
        .filter((key) => key.startsWith(folder.uri.fsPath))
        .forEach((key) => this.told.delete(key));
    }
    const found = notice(health, folder.name, vscode.workspace.isTrusted);
    const key = `${folder.uri.fsPath}\0${found?.text ?? ""}`;
    if (!found || this.told.has(key)) {
      return;
    }
    this.told.add(key);
    const show =
      found.severity === "error" ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
    void show(found.text, ...found.remedies.map((remedy) => LABELS[remedy])).then((label) => {
      const remedy = found.remedies.find((each) => LABELS[each] === label);
      return remedy && this.apply(remedy, server);
    });
  }

  private async apply(remedy: Remedy, server: Server): Promise<void> {
    switch (remedy) {
      case "restart":
        return restart([server]);
      case "install":
      case "update":
        return this.installInto(server);
      case "choose":
        return choosePython();
      case "log":
        await vscode.commands.executeCommand(COMMANDS.showLog);
    }
  }

  private async installInto(server: Server): Promise<void> {
    const { folder, health } = server;
    if (!vscode.workspace.isTrusted) {
      await vscode.commands.executeCommand("workbench.trust.manage");
    } else if (health.kind === "missing" || health.kind === "old") {
      const where = {
        folder,
        path: health.interpreter.path,
        python: health.python,
        extension: this.extension,
      };
      if (await install(where, { replace: health.kind === "old" })) {
        await server.restart();
      }
    }
  }
}

const SEVERITIES = {
  information: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
} as const;

function detail(health: Health): string {
  if (!("interpreter" in health)) {
    return "";
  }
  const python = "python" in health ? health.python : undefined;
  const versions = python ? `pivot-core ${python.pivot ?? "–"}, Python ${python.version}, ` : "";
  return `${versions}${vscode.workspace.asRelativePath(health.interpreter.path)}`;
}

async function choosePython(): Promise<void> {
  if (vscode.extensions.getExtension("ms-python.python")) {
    await vscode.commands.executeCommand("python.setInterpreter");
  } else {
    await vscode.commands.executeCommand("workbench.action.openSettings", "pivot.interpreter");
  }
}
