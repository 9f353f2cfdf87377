/** Which stage a command is about, when it isn't given one. */
import * as vscode from "vscode";
import type { StageReference } from "./commands";
import { codeLocation } from "./places";
import type { Pipeline, Stage } from "./protocol";
import type { Pipelines } from "./state";

/** What menus and lenses hand over: a stage, or a node of the view that is about one. */
export type Given = Partial<StageReference> | { readonly about?: Partial<StageReference> };

export function given(argument: Given = {}): Partial<StageReference> {
  return "about" in argument ? (argument.about ?? {}) : (argument as Partial<StageReference>);
}

/** The stage that is meant, or that a person then picks; the one at the cursor comes first. */
export async function pick(
  pipelines: Pipelines,
  argument: Given | undefined,
): Promise<StageReference | undefined> {
  const { root, stage } = given(argument);
  if (root !== undefined && stage !== undefined) {
    return { root, stage };
  }
  const items = pipelines.all().flatMap((pipeline) =>
    pipeline.stages.map((each) => ({
      label: each.name,
      description: each.summary,
      reference: { root: pipeline.root, stage: each.name },
      distance: fromCursor(each),
    })),
  );
  if (items.length === 0) {
    void vscode.window.showInformationMessage("Pivot: no stage is known yet.");
    return undefined;
  }
  items.sort((a, b) => a.distance - b.distance);
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which stage?", matchOnDescription: true }))
    ?.reference;
}

/** The only one, that of the code that is open, or the one that a person picks; `none`: what is said if there is none. */
export async function pickPipeline(
  pipelines: readonly Pipeline[],
  none = "Pivot: no pipeline is known yet.",
): Promise<Pipeline | undefined> {
  const file = vscode.window.activeTextEditor?.document.uri.fsPath ?? "";
  const around = pipelines.filter(({ root }) => file.startsWith(`${root}/`));
  const [nearest] = around.sort((a, b) => b.root.length - a.root.length);
  if (pipelines.length === 0) {
    void vscode.window.showInformationMessage(none);
  }
  if (nearest ?? pipelines.length < 2) {
    return nearest ?? pipelines[0];
  }
  const items = pipelines.map((pipeline) => ({
    label: pipeline.name,
    description: vscode.workspace.asRelativePath(pipeline.root),
    pipeline,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which pipeline?" }))?.pipeline;
}

/** How many lines its `def` is above the cursor; infinite if it isn't. */
function fromCursor({ location }: Stage): number {
  const editor = vscode.window.activeTextEditor;
  const { uri, range } = codeLocation(location);
  const lines = (editor?.selection.active.line ?? -1) - range.start.line;
  return editor?.document.uri.toString() === uri.toString() && lines >= 0 ? lines : Number.MAX_SAFE_INTEGER;
}
