/**
 * Has stages run. Whoever asks, it goes through here: lenses, the tests' buttons, views, key bindings.
 *
 *     lens, view, key ──> pivot.run ─┐
 *     test profiles ─────────────────┴─> Runs.start ──> server ──> its number
 *                                                         └─ pivot/runEvent ──> TestRuns
 */
import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import type { Begun, RunRequest } from "./protocol";
import { SERVER_COMMANDS } from "./protocol";
import type { Server } from "./server";
import type { Servers } from "./servers";
import type { Pipelines } from "./state";
import type { Tests } from "./tests";
import type { TestRuns } from "./testRuns";

export class Runs {
  constructor(
    private readonly servers: Servers,
    private readonly pipelines: Pipelines,
    private readonly tests: Tests,
    private readonly testRuns: TestRuns,
  ) {}

  /** Resolves when it has begun, or a person has been told why it hasn't. `asked`: by the tests' buttons. */
  async start(request: RunRequest, asked?: vscode.TestRunRequest): Promise<void> {
    const server = this.serverOf(request.root);
    if (!server?.client) {
      await sayThatNoneIsThere();
      return;
    }
    const { client } = server;
    await saveAll();
    try {
      await this.testRuns.expect(server, request, asked ?? this.tests.requestOf(request), () =>
        client.execute<Begun>(SERVER_COMMANDS.run, request),
      );
    } catch (error) {
      void vscode.window.showErrorMessage(`Pivot: nothing was run: ${(error as Error).message}`);
    }
  }

  /** Stop the runs that are at any of these; of a project, if none is named. */
  async cancel(which: { readonly root?: string; readonly targets?: readonly string[] }): Promise<void> {
    await this.serverOf(which.root)?.client?.execute(SERVER_COMMANDS.cancel, which);
  }

  /** Without a root, the only one that there is. */
  serverOf(root: string | undefined): Server | undefined {
    return root === undefined ? this.servers.all[0] : (this.pipelines.server(root) ?? this.servers.of(root));
  }
}

/** A run sees what is saved. Before the tests' buttons VS Code does the same, by the same setting. */
async function saveAll(): Promise<void> {
  if (vscode.workspace.getConfiguration("testing").get<boolean>("saveBeforeTest", true)) {
    await vscode.workspace.saveAll(false);
  }
}

async function sayThatNoneIsThere(): Promise<void> {
  const chosen = await vscode.window.showWarningMessage(
    "Pivot: nothing can be run, since its language server isn't up.",
    "Restart",
    "Show Log",
  );
  if (chosen) {
    await vscode.commands.executeCommand(chosen === "Restart" ? COMMANDS.restartServer : COMMANDS.showLog);
  }
}
