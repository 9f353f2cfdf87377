/** Installs or updates the package in a folder's Python, in a terminal, where everybody sees what happens. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Python } from "./probe";

const PACKAGE = "pivot-core[lsp]";

/** Whether it is there now. `python` is the path of the interpreter. */
export async function install(
  folder: vscode.WorkspaceFolder,
  python: string,
  { pip }: Python,
): Promise<boolean> {
  const [program, ...args] = command(python, pip);
  // Not in the folder, since Python looks for modules where it is.
  const execution = new vscode.ProcessExecution(program, args, { cwd: homedir() });
  const task = new vscode.Task({ type: "process" }, folder, `Install ${PACKAGE}`, "Pivot", execution, []);
  const code = await done(await vscode.tasks.executeTask(task));
  if (code !== 0) {
    void vscode.window.showErrorMessage(`Pivot: ${PACKAGE} wasn't installed. The terminal says why.`);
  }
  return code === 0;
}

/** Environments that uv has made have no pip of their own. */
function command(python: string, pip: boolean): [string, ...string[]] {
  return pip
    ? [python, "-m", "pip", "install", "--upgrade", PACKAGE]
    : ["uv", "pip", "install", "--upgrade", "--python", python, PACKAGE];
}

function done(execution: vscode.TaskExecution): Promise<number | undefined> {
  return new Promise((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution === execution) {
        listener.dispose();
        resolve(event.exitCode);
      }
    });
  });
}
