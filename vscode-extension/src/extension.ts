import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import { copyDebugInformation } from "./debugInformation";
import { Debugging } from "./debugging";
import { Documents } from "./documents";
import { createExample, createPipeline } from "./example";
import { Graphs } from "./graph/graphs";
import { Interpreters } from "./interpreter";
import { Pages } from "./pages";
import { registerProfiles } from "./profiles";
import { restart } from "./restarting";
import { Runs } from "./runs";
import { Servers } from "./servers";
import { registerStageCommands } from "./stageCommands";
import { Pipelines } from "./state";
import { Status } from "./status";
import { TASK_TYPE, Tasks } from "./tasks";
import { TestRuns } from "./testRuns";
import { Tests } from "./tests";
import { PipelineView } from "./view";

let servers: Servers | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Pivot", { log: true });
  const interpreters = new Interpreters(log);
  servers = new Servers({ interpreters, log, home: context.extensionPath });
  const pipelines = new Pipelines(servers, log);
  const tests = new Tests(pipelines);
  const testRuns = new TestRuns(servers, tests);
  const runs = new Runs(servers, pipelines, tests, testRuns);
  const debugging = new Debugging(servers, pipelines, tests);
  const documents = new Documents();
  const storage = context.storageUri ?? context.globalStorageUri;
  const pages = new Pages(pipelines, storage);
  context.subscriptions.push(
    log,
    interpreters,
    servers,
    pipelines,
    tests,
    testRuns,
    debugging,
    documents,
    pages,
    new Status(servers, pipelines, context.extensionPath),
    new PipelineView(pipelines),
    new Graphs(pipelines, context.extensionUri),
    registerProfiles(tests, runs, debugging),
    registerStageCommands({
      pipelines,
      runs,
      debugging,
      documents,
      pages,
      storage,
    }),
    vscode.tasks.registerTaskProvider(TASK_TYPE, new Tasks(pipelines, interpreters)),
    ...registerOwnCommands(context, log, servers, pipelines, interpreters),
  );
  await servers.refresh();
}

export async function deactivate(): Promise<void> {
  await servers?.stop();
}

function registerOwnCommands(
  { extension, extensionPath }: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  servers: Servers,
  pipelines: Pipelines,
  interpreters: Interpreters,
): vscode.Disposable[] {
  const { registerCommand } = vscode.commands;
  return [
    registerCommand(COMMANDS.restartServer, async () => {
      await servers.refresh();
      await restart(servers.all);
    }),
    registerCommand(COMMANDS.showLog, () => {
      log.show();
    }),
    registerCommand(COMMANDS.copyDebugInformation, () => copyDebugInformation(extension, servers, pipelines)),
    registerCommand(COMMANDS.createPipeline, createPipeline),
    registerCommand(COMMANDS.createExample, () => createExample(interpreters, extensionPath)),
  ];
}
