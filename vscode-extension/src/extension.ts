import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import { Interpreters } from "./interpreter";
import { Servers } from "./servers";
import { Pipelines } from "./state";

let servers: Servers | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Pivot", { log: true });
  const interpreters = new Interpreters(log);
  servers = new Servers({ interpreters, log, home: context.extensionPath });
  const pipelines = new Pipelines(servers, log);
  context.subscriptions.push(
    log,
    interpreters,
    servers,
    pipelines,
    vscode.commands.registerCommand(COMMANDS.restartServer, () => servers?.restart()),
    vscode.commands.registerCommand(COMMANDS.showLog, () => {
      log.show();
    }),
  );
  await servers.refresh();
}

export async function deactivate(): Promise<void> {
  await servers?.stop();
}
