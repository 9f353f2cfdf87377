// It exports nothing unless `python.useEnvironmentsExtension` is set, and then knows the folder's own `.venv`.
const vscode = require("vscode");

/** @typedef {import("@vscode/python-environments").PythonEnvironmentApi} Api */

exports.activate = () => {
  if (!vscode.workspace.getConfiguration("python").get("useEnvironmentsExtension")) {
    return undefined;
  }
  /** @type {Pick<Api, "getEnvironment" | "onDidChangeEnvironment">} */
  const api = {
    getEnvironment: (scope) => {
      const folder = scope && vscode.workspace.getWorkspaceFolder(scope);
      if (!folder) {
        return Promise.resolve(undefined);
      }
      const environmentPath = vscode.Uri.joinPath(folder.uri, ".venv/bin/python");
      return Promise.resolve({
        envId: { id: environmentPath.fsPath, managerId: "ms-python.python:venv" },
        name: ".venv",
        displayName: ".venv",
        displayPath: environmentPath.fsPath,
        version: "",
        environmentPath,
        execInfo: { run: { executable: environmentPath.fsPath } },
        sysPrefix: "",
      });
    },
    onDidChangeEnvironment: new vscode.EventEmitter().event,
  };
  return api;
};
