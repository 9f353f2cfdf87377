/** Commands about stages and projects, for menus, lenses, keys and the palette. */
import * as vscode from "vscode";
import { showChanges } from "./changes";
import type { StageReference } from "./commands";
import { COMMANDS } from "./commands";
import type { Debugging } from "./debugging";
import type { Documents } from "./documents";
import { explain } from "./explain";
import type { Pages } from "./pages";
import type { Given } from "./picking";
import { given, pick } from "./picking";
import { codeLocation, open } from "./places";
import type { RunRequest } from "./protocol";
import { SERVER_COMMANDS } from "./protocol";
import type { Runs } from "./runs";
import type { Pipelines } from "./state";

export interface Needs {
  readonly pipelines: Pipelines;
  readonly runs: Runs;
  readonly debugging: Debugging;
  readonly documents: Documents;
  readonly pages: Pages;
  readonly storage: vscode.Uri;
}

export function registerStageCommands(needs: Needs): vscode.Disposable {
  const { pipelines, runs, debugging, documents, pages, storage } = needs;
  const aboutStage = (id: string, act: (reference: StageReference) => Promise<void>): vscode.Disposable =>
    vscode.commands.registerCommand(id, async (argument?: Given) => {
      const reference = await pick(pipelines, argument);
      if (reference) {
        await act(reference);
      }
    });
  const running = (id: string, how: RunRequest): vscode.Disposable =>
    aboutStage(id, ({ root, stage }) => runs.start({ ...how, root, targets: [stage] }));
  return vscode.Disposable.from(
    running(COMMANDS.runStage, { only: true }),
    running(COMMANDS.runWithUpstream, {}),
    running(COMMANDS.runAgain, { only: true, force: true }),
    aboutStage(COMMANDS.debugStage, ({ root, stage }) => debugging.start({ root, targets: [stage] })),
    aboutStage(COMMANDS.cancelStage, ({ root, stage }) => runs.cancel({ root, targets: [stage] })),
    aboutStage(COMMANDS.explainStage, (reference) => explain(reference, pipelines, storage)),
    aboutStage(COMMANDS.showChanges, (reference) => showChanges(reference, pipelines, documents)),
    aboutStage(COMMANDS.openStage, ({ root, stage }) => openStage(pipelines, root, stage)),
    vscode.commands.registerCommand(COMMANDS.openPlace, open),
    vscode.commands.registerCommand(COMMANDS.showOutput, () =>
      vscode.commands.executeCommand("testing.showMostRecentOutput"),
    ),
    vscode.commands.registerCommand(COMMANDS.openFile, (uri: string) =>
      vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(uri, true)),
    ),
    vscode.commands.registerCommand(COMMANDS.showMetrics, (argument?: Given) =>
      pages.show("metric", given(argument).root),
    ),
    vscode.commands.registerCommand(COMMANDS.showPlots, (argument?: Given) =>
      pages.show("plot", given(argument).root),
    ),
    vscode.commands.registerCommand(COMMANDS.runAll, (argument?: Given) =>
      runAll(needs, given(argument).root),
    ),
    // Those of the server's, in lenses: the client leaves them to us, since there may be several servers.
    vscode.commands.registerCommand(SERVER_COMMANDS.run, (request: RunRequest = {}) => runs.start(request)),
    vscode.commands.registerCommand(SERVER_COMMANDS.cancel, (which: RunRequest = {}) => runs.cancel(which)),
    vscode.commands.registerCommand(SERVER_COMMANDS.explain, (reference: StageReference) =>
      explain(reference, pipelines, storage),
    ),
  );
}

async function openStage(pipelines: Pipelines, root: string, name: string): Promise<void> {
  const stage = pipelines.stage(root, name);
  if (stage) {
    await open(codeLocation(stage.location));
  }
}

async function runAll({ pipelines, runs }: Needs, root: string | undefined): Promise<void> {
  const roots = root === undefined ? pipelines.all().map((pipeline) => pipeline.root) : [root];
  await Promise.all(roots.map((each) => runs.start({ root: each })));
}
