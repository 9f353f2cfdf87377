// Starts the adapter of the package debugpy, and a session for each process that the one which is debugged starts.
const vscode = require("vscode");

/** @param {vscode.ExtensionContext} context */
exports.activate = ({ subscriptions }) => {
  subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory("debugpy", {
      createDebugAdapterDescriptor({ configuration: { connect, python } }) {
        return connect
          ? new vscode.DebugAdapterServer(connect.port, connect.host)
          : new vscode.DebugAdapterExecutable(python, ["-m", "debugpy.adapter"], {
              env: { PYTHONPATH: process.env.PIVOT_DEBUGPY ?? "" },
            });
      },
    }),
    vscode.debug.onDidReceiveDebugSessionCustomEvent(({ event, session, body }) => {
      if (event === "debugpyAttach") {
        const how = { parentSession: session, lifecycleManagedByParent: true };
        void vscode.debug.startDebugging(session.workspaceFolder, body, how);
      }
    }),
  );
};
