/** Something to begin with, in the folder that is open: an empty pipeline, or the small one of `pivot-core init`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { install } from "./install";
import type { Interpreters } from "./interpreter";
import { probe } from "./probe";

const FIRST_FILE = "stages.py";

/** The file that a project needs, with no stage in it yet: the lint offers to register those that there are. */
export async function createPipeline(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) {
    await openFolder();
    return;
  }
  const file = vscode.Uri.joinPath(folder.uri, "pipeline.py");
  const text = `from pivot_core import Pipeline\n\npipeline = Pipeline(${JSON.stringify(folder.name)})\n`;
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(file, { ignoreIfExists: true, contents: Buffer.from(text) });
  await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(file);
}

export async function createExample(interpreters: Interpreters, extension: string): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) {
    await openFolder();
    return;
  }
  const python = (await interpreters.of(folder))?.path;
  if (python === undefined) {
    void vscode.window.showWarningMessage(`Pivot: no Python is chosen for ${folder.name}.`);
    return;
  }
  try {
    if (await isInstalled(folder, python, extension)) {
      await promisify(execFile)(python, ["-P", "-m", "pivot_core", "init", "-q"], { cwd: folder.uri.fsPath });
      await vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, FIRST_FILE));
    }
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    void vscode.window.showErrorMessage(`Pivot: ${stderr?.trim() ? stderr.trim() : message}`);
  }
}

async function openFolder(): Promise<void> {
  void vscode.window.showInformationMessage("Pivot: open a folder first; an empty one is best.");
  await vscode.commands.executeCommand("workbench.action.files.openFolder");
}

/** It, or after a question. */
async function isInstalled(
  folder: vscode.WorkspaceFolder,
  path: string,
  extension: string,
): Promise<boolean> {
  const python = await probe(path, extension);
  if (python.missing.length === 0) {
    return true;
  }
  const question = `Pivot isn't installed in the Python of ${folder.name}, ${path}.`;
  const answer = await vscode.window.showInformationMessage(question, "Install");
  return answer !== undefined && install({ folder, path, python, extension }, { replace: false });
}
