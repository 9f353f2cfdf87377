/** Places of the protocol as VS Code's. */
import * as vscode from "vscode";
import type { Location } from "./protocol";

export function codeLocation({ uri, range: { start, end } }: Location): vscode.Location {
  const range = new vscode.Range(start.line, start.character, end.line, end.character);
  return new vscode.Location(vscode.Uri.parse(uri, true), range);
}

/** `line` from 1, as people count. */
export function lineOf(root: string, path: string, line: number | null): vscode.Location {
  const start = new vscode.Position(Math.max((line ?? 1) - 1, 0), 0);
  return new vscode.Location(vscode.Uri.joinPath(vscode.Uri.file(root), path), start);
}

export async function open({ uri, range }: vscode.Location): Promise<void> {
  await vscode.window.showTextDocument(uri, { selection: range });
}
