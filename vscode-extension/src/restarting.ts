/** Restarting servers because a person wants it. */
import * as vscode from "vscode";
import type { Server } from "./server";

/** Runs end with their server: that is asked first. */
export async function restart(servers: readonly Server[]): Promise<void> {
  const busy = servers.filter((server) => server.isRunningStages);
  if (busy.length > 0) {
    const detail = "What is done by now is kept. Run it again, and it goes on where it was.";
    const question = "Stages are running. They are stopped when the language server is restarted.";
    if (!(await vscode.window.showWarningMessage(question, { modal: true, detail }, "Restart"))) {
      return;
    }
  }
  await Promise.all(servers.map((server) => server.restart()));
}
