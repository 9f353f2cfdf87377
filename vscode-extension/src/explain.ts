/** All that there is to say of why a stage isn't fresh, laid out. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { StageReference } from "./commands";
import { fileName, relinked } from "./explanation";
import { SERVER_COMMANDS } from "./protocol";
import type { Pipelines } from "./state";

/** By which media/explanation.css knows them from other people's Markdown. */
const MARK = '\n\n<span id="pivot-explanation"></span>\n';

/** `storage`: a folder of ours. */
export async function explain(
  { root, stage }: StageReference,
  pipelines: Pipelines,
  storage: vscode.Uri,
): Promise<void> {
  const { client } = pipelines.server(root) ?? {};
  const said = await client?.execute<{ text: string }>(SERVER_COMMANDS.explain, { root, stage });
  if (!said) {
    return;
  }
  const folder = vscode.Uri.joinPath(storage, "explained", fileName(path.basename(root)));
  const uri = vscode.Uri.joinPath(folder, `${fileName(stage)}.md`);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(relinked(said.text, folder.fsPath) + MARK));
  if (vscode.extensions.getExtension("vscode.markdown-language-features")) {
    await vscode.commands.executeCommand("markdown.showPreview", uri);
  } else {
    await vscode.window.showTextDocument(uri);
  }
}
