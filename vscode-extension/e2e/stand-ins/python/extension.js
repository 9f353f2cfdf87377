// The Python that is chosen is `python.defaultInterpreterPath`, as it is in the Python extension until somebody picks one.
const vscode = require("vscode");

/** @typedef {import("@vscode/python-extension").PythonExtension["environments"]} Api */

/** @param {vscode.Uri | vscode.WorkspaceFolder | undefined} resource */
const chosen = (resource) => {
  const python = vscode.workspace
    .getConfiguration("python", resource)
    .get("defaultInterpreterPath", "python");
  return { id: python, path: python };
};

exports.activate = () => {
  /** @type {vscode.EventEmitter<import("@vscode/python-extension").ActiveEnvironmentPathChangeEvent>} */
  const changed = new vscode.EventEmitter();
  vscode.workspace.onDidChangeConfiguration((event) => {
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      if (event.affectsConfiguration("python.defaultInterpreterPath", folder)) {
        changed.fire({ ...chosen(folder), resource: folder });
      }
    }
  });
  /** @type {Pick<Api, "getActiveEnvironmentPath" | "onDidChangeActiveEnvironmentPath" | "resolveEnvironment">} */
  const environments = {
    getActiveEnvironmentPath: (resource) => chosen(resource),
    onDidChangeActiveEnvironmentPath: changed.event,
    resolveEnvironment: (environment) => {
      const path = typeof environment === "string" ? environment : environment.path;
      return Promise.resolve({
        id: path,
        path,
        executable: { uri: vscode.Uri.file(path), bitness: "64-bit", sysPrefix: "" },
        environment: undefined,
        version: undefined,
        tools: [],
      });
    },
  };
  return { ready: Promise.resolve(), environments };
};
