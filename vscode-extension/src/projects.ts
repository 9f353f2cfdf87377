/** Whether there is anything for Pivot in a folder. A folder without costs nothing: no server, no message. */
import * as vscode from "vscode";

const MENTION = "pivot_core";
const SIGNS = "**/{pipeline.py,.pivot/config.yaml}";
const ELSEWHERE = "**/{node_modules,site-packages,.venv,venv,.tox,.nox,.git}/**";
const MOST = 100;

export async function hasPivot(folder: vscode.WorkspaceFolder): Promise<boolean> {
  if (vscode.workspace.textDocuments.some((document) => isPivot(document, folder))) {
    return true;
  }
  const pattern = new vscode.RelativePattern(folder, SIGNS);
  for (const uri of await vscode.workspace.findFiles(pattern, ELSEWHERE, MOST)) {
    if (!uri.path.endsWith(".py") || (await mentions(uri))) {
      return true;
    }
  }
  return false;
}

/** Whether an open document of the folder has to do with Pivot. */
export function isPivot(document: vscode.TextDocument, folder: vscode.WorkspaceFolder): boolean {
  return (
    document.languageId === "python" &&
    document.uri.scheme === "file" &&
    vscode.workspace.getWorkspaceFolder(document.uri)?.uri.toString() === folder.uri.toString() &&
    document.getText().includes(MENTION)
  );
}

async function mentions(uri: vscode.Uri): Promise<boolean> {
  try {
    return Buffer.from(await vscode.workspace.fs.readFile(uri)).includes(MENTION);
  } catch {
    return false; // gone in the meantime, or unreadable: then the server couldn't read it either
  }
}
