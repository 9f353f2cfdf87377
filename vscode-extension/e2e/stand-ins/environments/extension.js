// With `python.useEnvironmentsExtension`, the folder's own `.venv` is chosen; without it, none is.
const vscode = require("vscode");

const SWITCH = "useEnvironmentsExtension";

/** @typedef {import("@vscode/python-environments").PythonEnvironmentApi} Api */

/** @param {vscode.Uri} folder */
const environmentIn = (folder) => {
  const environmentPath = vscode.Uri.joinPath(folder, ".venv/bin/python");
  return {
    envId: { id: environmentPath.fsPath, managerId: "ms-python.python:venv" },
    name: ".venv",
    displayName: ".venv",
    displayPath: environmentPath.fsPath,
    version: "",
    environmentPath,
    execInfo: { run: { executable: environmentPath.fsPath } },
    sysPrefix: "",
  };
};

/** @param {vscode.Uri | undefined} scope */
const chosen = (scope) => {
  const isOn = vscode.workspace.getConfiguration("python", scope).get(SWITCH);
  return isOn && scope ? environmentIn(scope) : undefined;
};

exports.activate = () => {
  /** @type {vscode.EventEmitter<import("@vscode/python-environments").DidChangeEnvironmentEventArgs>} */
  const changed = new vscode.EventEmitter();
  vscode.workspace.onDidChangeConfiguration((event) => {
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      if (event.affectsConfiguration(`python.${SWITCH}`, uri)) {
        changed.fire({ uri, old: undefined, new: chosen(uri) });
      }
    }
  });
  /** @type {Pick<Api, "getEnvironment" | "onDidChangeEnvironment">} */
  const api = {
    getEnvironment: (scope) => Promise.resolve(chosen(scope)),
    onDidChangeEnvironment: changed.event,
  };
  return api;
};
