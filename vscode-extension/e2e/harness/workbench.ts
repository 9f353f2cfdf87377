/** One code-server and one browser for all scenarios: a new window takes a few seconds, a new server many. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Browser } from "playwright-core";
import { launch } from "./browser.ts";
import { CodeServer } from "./codeserver.ts";
import { PYTHON } from "./project.ts";

export interface Workbench {
  readonly server: CodeServer;
  readonly browser: Browser;
  /** Its folder, gone afterwards. */
  readonly home: string;
}

const EXTENSION = join(import.meta.dirname, "..", "..");

let started: Promise<Workbench> | undefined;

export function workbench(): Promise<Workbench> {
  started ??= start();
  return started;
}

async function start(): Promise<Workbench> {
  const home = mkdtempSync(join(tmpdir(), "pivot-e2e-"));
  const [server, browser] = await Promise.all([
    CodeServer.start(home, vsix(), { "pivot.interpreter": PYTHON }),
    launch(),
  ]);
  // Also if we are told to end: code-server is in a process group that no signal for ours reaches.
  process.once("exit", () => {
    server.kill();
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(1));
  }
  return { server, browser, home };
}

after(async () => {
  if (started) {
    const { server, browser, home } = await started;
    await browser.close();
    await server.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
});

function vsix(): string {
  const found = readdirSync(EXTENSION).find((name) => name.endsWith(".vsix"));
  if (found === undefined) {
    throw new Error("there is no .vsix: run `make extension` first");
  }
  return join(EXTENSION, found);
}
