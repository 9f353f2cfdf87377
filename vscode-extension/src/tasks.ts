/** `pivot: run`, for tasks.json, for the build key, and for who likes a terminal. */
import * as vscode from "vscode";
import type { Interpreters } from "./interpreter";
import type { Pipelines } from "./state";

export const TASK_TYPE = "pivot";
const MATCHERS = ["$pivot", "$pivot-failure"];
/** How long to wait for pipelines to be known, when somebody asks early. */
const PATIENCE_MS = 5_000;

/** As in package.json. */
interface Definition extends vscode.TaskDefinition {
  readonly targets?: readonly string[];
  readonly args?: readonly string[];
}

export class Tasks implements vscode.TaskProvider {
  constructor(
    private readonly pipelines: Pipelines,
    private readonly interpreters: Interpreters,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    await known(this.pipelines);
    const several = this.pipelines.all().length > 1;
    const tasks = this.pipelines.all().map(({ root, name }) => {
      const folder = this.pipelines.server(root)?.folder;
      const label = several ? `run ${name}` : "run";
      return folder ? this.task({ type: TASK_TYPE }, folder, label, root) : Promise.resolve(undefined);
    });
    return (await Promise.all(tasks)).filter((task) => task !== undefined);
  }

  resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> | undefined {
    const { scope, definition, name } = task;
    const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
    return folder && this.task(definition, folder, name, folder.uri.fsPath);
  }

  private async task(
    definition: Definition,
    folder: vscode.WorkspaceFolder,
    name: string,
    root: string,
  ): Promise<vscode.Task | undefined> {
    const python = (await this.interpreters.of(folder))?.path;
    if (python === undefined) {
      return undefined;
    }
    const { args = [], targets = [] } = definition;
    const line = [
      "-P",
      "-m",
      "pivot_core",
      "run",
      ...args,
      ...(targets.length > 0 ? ["--", ...targets] : []),
    ];
    const execution = new vscode.ProcessExecution(python, line, { cwd: root });
    const task = new vscode.Task(definition, folder, name, TASK_TYPE, execution, MATCHERS);
    task.group = vscode.TaskGroup.Build;
    task.detail = `pivot-core run ${[...args, ...targets].join(" ")}`.trim();
    return task;
  }
}

function known(pipelines: Pipelines): Promise<void> {
  return new Promise((resolve) => {
    if (pipelines.all().length > 0) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      listener.dispose();
      resolve();
    };
    const timer = setTimeout(done, PATIENCE_MS);
    const listener = pipelines.onDidChange(done);
  });
}
