/** The code of a stage that is other than at its last success, side by side. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { StageReference } from "./commands";
import type { Documents } from "./documents";
import { fileName } from "./explanation";
import type { Change } from "./protocol";
import * as protocol from "./protocol";
import type { Pipelines } from "./state";

const UNKNOWN =
  "# Its former text isn't known here: the stage last succeeded elsewhere, or the state was lost.\n";

/** Several definitions are one editor of several diffs. */
export async function showChanges(
  { root, stage }: StageReference,
  pipelines: Pipelines,
  documents: Documents,
): Promise<void> {
  const found = await pipelines.server(root)?.client?.sendRequest(protocol.difference, { root, stage });
  const pairs = (found?.changes ?? []).map((change) => pair(change, { root, stage }, documents));
  const [only] = pairs;
  if (!only) {
    sayWhy(pipelines, { root, stage });
  } else if (pairs.length === 1) {
    await vscode.commands.executeCommand("vscode.diff", only.before, only.after, only.title);
  } else {
    const title = `${stage}: changed since it last succeeded`;
    const triples = pairs.map(({ before, after }) => [after, before, after]);
    await vscode.commands.executeCommand("vscode.changes", title, triples);
  }
}

function pair(
  { name, change, before, after }: Change,
  { root, stage }: StageReference,
  documents: Documents,
): { title: string; before: vscode.Uri; after: vscode.Uri } {
  const file = [path.basename(root), stage, `${name}.py`].map(fileName).join("/");
  return {
    title: `${name} (when ${stage} last succeeded ↔ now)`,
    before: documents.put(file, "then", before ?? (change === "added" ? "" : UNKNOWN)),
    after: documents.put(file, "now", after ?? ""),
  };
}

function sayWhy(pipelines: Pipelines, { root, stage }: StageReference): void {
  const { state, summary } = pipelines.stage(root, stage) ?? {};
  const text =
    state === "fresh"
      ? `${stage} is fresh: nothing has changed since it last succeeded.`
      : `No code of ${stage} has changed since it last succeeded. ${summary ?? ""}`;
  void vscode.window.showInformationMessage(`Pivot: ${text}`);
}
