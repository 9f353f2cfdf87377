/** Why a stage isn't fresh: the code that is other than at its last success, side by side; and in words. */
import * as vscode from "vscode";
import type { StageReference } from "./commands";
import type { Documents } from "./documents";
import type { Change } from "./protocol";
import * as protocol from "./protocol";
import { SERVER_COMMANDS } from "./protocol";
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
  const pairs = (found?.changes ?? []).map((change) => pair(change, stage, documents));
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

/** The explanation of the command line, laid out. */
export async function explain(
  { root, stage }: StageReference,
  pipelines: Pipelines,
  documents: Documents,
): Promise<void> {
  const { client } = pipelines.server(root) ?? {};
  const said = await client?.execute<{ text: string }>(SERVER_COMMANDS.explain, { root, stage });
  if (said) {
    const uri = documents.put("why", `${fileName(stage)}.md`, said.text);
    if (vscode.extensions.getExtension("vscode.markdown-language-features")) {
      await vscode.commands.executeCommand("markdown.showPreview", uri);
    } else {
      await vscode.window.showTextDocument(uri);
    }
  }
}

function pair(
  { name, change, before, after }: Change,
  stage: string,
  documents: Documents,
): { title: string; before: vscode.Uri; after: vscode.Uri } {
  const file = `${fileName(name)}.py`;
  return {
    title: `${name} (when ${stage} last succeeded ↔ now)`,
    before: documents.put(`${fileName(stage)}/then`, file, before ?? (change === "added" ? "" : UNKNOWN)),
    after: documents.put(`${fileName(stage)}/now`, file, after ?? ""),
  };
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.@-]+/g, "-");
}

function sayWhy(pipelines: Pipelines, { root, stage }: StageReference): void {
  const { state, summary } = pipelines.stage(root, stage) ?? {};
  const text =
    state === "fresh"
      ? `${stage} is fresh: nothing has changed since it last succeeded.`
      : `No code of ${stage} has changed since it last succeeded. ${summary ?? ""}`;
  void vscode.window.showInformationMessage(`Pivot: ${text}`);
}
