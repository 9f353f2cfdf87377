/**
 * Extensions that know which Python a person has chosen for a folder. Neither has to be there.
 *
 * Of what they export, only what is needed is described here.
 */
import * as vscode from "vscode";

export interface Adviser {
  /** The executable, if one is chosen. */
  of(folder: vscode.Uri): Promise<string | undefined>;
  readonly onDidChange: vscode.Event<unknown>;
}

const PYTHON = "ms-python.python";
const ENVIRONMENTS = "ms-python.vscode-python-envs";

interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource: vscode.Uri): { readonly path: string };
    resolveEnvironment(path: object): Promise<{ readonly executable: { uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

interface EnvironmentsApi {
  getEnvironment(
    scope: vscode.Uri,
  ): Promise<{ readonly execInfo?: { readonly run?: { readonly executable?: string } } } | undefined>;
  readonly onDidChangeEnvironment: vscode.Event<unknown>;
}

export async function pythonExtension(): Promise<Adviser | undefined> {
  const environments = (await exportsOf<PythonApi>(PYTHON))?.environments;
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
  const api = await exportsOf<EnvironmentsApi>(ENVIRONMENTS);
  return (
    api && {
      of: async (folder) => (await api.getEnvironment(folder))?.execInfo?.run?.executable,
      onDidChange: api.onDidChangeEnvironment,
    }
  );
}

async function exportsOf<T>(id: string): Promise<T | undefined> {
  return (await vscode.extensions.getExtension<T | undefined>(id)?.activate()) ?? undefined;
}
