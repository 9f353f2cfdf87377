/** Where there is anything for Pivot in a folder. A folder without costs nothing: no server, no message. */
import * as path from "node:path";
import * as vscode from "vscode";

const MENTION = "pivot_core";
const SIGNS = "**/{pipeline.py,.pivot/config.yaml}";
const ELSEWHERE = "**/{node_modules,site-packages,.venv,venv,.tox,.nox,.git}/**";
const MOST = 100;

export async function hasPivot(folder: vscode.WorkspaceFolder): Promise<boolean> {
  const open = vscode.workspace.textDocuments.some((document) => isPivot(document, folder));
  return open || (await findProjects(folder)).length > 0;
}

/** The roots of the projects in it. One that the folder is a part of isn't among them. */
export async function findProjects(folder: vscode.WorkspaceFolder): Promise<string[]> {
  const pattern = new vscode.RelativePattern(folder, SIGNS);
  const signs = await vscode.workspace.findFiles(pattern, ELSEWHERE, MOST);
  const roots = await Promise.all(signs.map(rootBy));
  return [...new Set(roots.filter((root) => root !== undefined))];
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

/** Others have a pipeline.py, too. */
async function rootBy(sign: vscode.Uri): Promise<string | undefined> {
  const folder = path.dirname(sign.fsPath);
  if (path.basename(sign.fsPath) !== "pipeline.py") {
    return path.dirname(folder);
  }
  return (await mentions(sign)) ? folder : undefined;
}

async function mentions(uri: vscode.Uri): Promise<boolean> {
  try {
    return Buffer.from(await vscode.workspace.fs.readFile(uri)).includes(MENTION);
  } catch {
    return false; // gone in the meantime, or unreadable: then the server couldn't read it either
  }
}
