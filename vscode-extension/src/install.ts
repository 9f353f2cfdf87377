/** Installs the package into a folder's Python, in a terminal, where everybody sees what happens. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Python } from "./probe";
import type { Command } from "./wheel";
import { findWheel, installing } from "./wheel";

/** Which Python, and the folder of this extension, which brings the package. */
interface Where {
  readonly folder: vscode.WorkspaceFolder;
  readonly path: string;
  readonly python: Python;
  readonly extension: string;
}

/** Whether it is there now. `replace`: also if it has been there, in whatever version. */
export async function install(where: Where, { replace }: { readonly replace: boolean }): Promise<boolean> {
  for (const command of installing(findWheel(where.extension), where.path, where.python, replace)) {
    if ((await run(command, where.folder)) !== 0) {
      void vscode.window.showErrorMessage("Pivot wasn't installed. The terminal says why.");
      return false;
    }
  }
  return true;
}

/** Its exit code; undefined if it couldn't be started. */
async function run([program, ...args]: Command, folder: vscode.WorkspaceFolder): Promise<number | undefined> {
  // Not in the folder, since Python looks for modules where it is.
  const execution = new vscode.ProcessExecution(program, args, { cwd: homedir() });
  const task = new vscode.Task({ type: "process" }, folder, "Install Pivot", "Pivot", execution, []);
  return done(await vscode.tasks.executeTask(task));
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
