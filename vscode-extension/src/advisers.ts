/** Extensions that know which Python a person has chosen for a folder. Neither has to be there. */
import type { PythonEnvironmentApi } from "@vscode/python-environments";
import type { PythonExtension } from "@vscode/python-extension";
import * as vscode from "vscode";

export interface Adviser {
  /** The executable, if one is chosen. */
  of(folder: vscode.Uri): Promise<string | undefined>;
  readonly onDidChange: vscode.Event<unknown>;
}

const PYTHON = "ms-python.python";
const ENVIRONMENTS = "ms-python.vscode-python-envs";

export async function pythonExtension(): Promise<Adviser | undefined> {
  const environments = (await exportsOf<Partial<PythonExtension>>(PYTHON))?.environments;
  return (
    environments && {
      of: async (folder) => {
        const chosen = environments.getActiveEnvironmentPath(folder);
        return (await environments.resolveEnvironment(chosen))?.executable.uri?.fsPath;
      },
      onDidChange: environments.onDidChangeActiveEnvironmentPath,
    }
  );
}

/** It exports nothing while it is switched off in the settings of the Python extension. */
export async function environmentsExtension(): Promise<Adviser | undefined> {
  const api = await exportsOf<PythonEnvironmentApi>(ENVIRONMENTS);
  return (
    api && {
      of: async (folder) => (await api.getEnvironment(folder))?.execInfo.run.executable,
      onDidChange: api.onDidChangeEnvironment,
    }
  );
}

async function exportsOf<T>(id: string): Promise<T | undefined> {
  return (await vscode.extensions.getExtension<T | undefined>(id)?.activate()) ?? undefined;
}
