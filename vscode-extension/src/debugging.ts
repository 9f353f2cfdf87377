/** Stages under the debugger. It follows the worker processes, which is where stages run. */
import * as vscode from "vscode";
import type { Servers } from "./servers";
import type { Pipelines } from "./state";
import type { Tests } from "./tests";

const TYPE = "debugpy";
const EXTENSION = "ms-python.debugpy";

interface Choice {
  readonly root: string;
  readonly targets: readonly string[];
}

export class Debugging implements vscode.Disposable {
  /** By the name of the session: how its process ended, as soon as that is known. */
  private readonly codes = new Map<string, number>();
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly servers: Servers,
    private readonly pipelines: Pipelines,
    private readonly tests: Tests,
  ) {
    this.listening = vscode.debug.registerDebugAdapterTrackerFactory(TYPE, {
      createDebugAdapterTracker: ({ name }) => ({
        onDidSendMessage: (message: { event?: string; body?: { exitCode?: number } }) => {
          if (message.event === "exited" && message.body?.exitCode !== undefined) {
            this.codes.set(name, message.body.exitCode);
          }
        },
      }),
    });
  }

  /** Resolves when the session has ended, or a person has been told why there is none. */
  async start(choice: Choice, asked?: vscode.TestRunRequest): Promise<void> {
    const server = this.pipelines.server(choice.root) ?? this.servers.of(choice.root);
    const python = server?.interpreter?.path;
    if (!server || python === undefined) {
      void vscode.window.showWarningMessage("Pivot: nothing can be debugged, since no Python is chosen.");
    } else if (canDebug()) {
      await this.debug(server.folder, configuration(choice, python), choice, asked);
    } else {
      await offerDebugger();
    }
  }

  dispose(): void {
    this.listening.dispose();
  }

  private async debug(
    folder: vscode.WorkspaceFolder,
    config: vscode.DebugConfiguration,
    choice: Choice,
    asked: vscode.TestRunRequest | undefined,
  ): Promise<void> {
    const run = this.tests.controller.createTestRun(
      asked ?? this.tests.requestOf(choice),
      config.name,
      false,
    );
    const items = choice.targets.flatMap((name) => this.tests.stage(choice.root, name) ?? []);
    items.forEach((item) => {
      run.started(item);
    });
    await session(folder, config, run.token);
    const code = this.codes.get(config.name);
    items.forEach((item) => {
      if (code === undefined) {
        run.skipped(item);
      } else if (code === 0) {
        run.passed(item);
      } else {
        run.failed(item, new vscode.TestMessage("It failed. The terminal says where."));
      }
    });
    this.codes.delete(config.name);
    run.end();
  }
}

/** What is debugged is run, fresh or not, and alone. */
function configuration({ root, targets }: Choice, python: string): vscode.DebugConfiguration {
  const what = targets.length > 0 ? ["--only", "--force", "--", ...targets] : [];
  return {
    type: TYPE,
    request: "launch",
    name: `Pivot: ${targets.join(", ") || "all stages"}`,
    python,
    module: "pivot_core",
    args: ["run", "-j", "1", ...what],
    cwd: root,
    console: "integratedTerminal",
    subProcess: true,
    justMyCode: true,
  };
}

/** Resolves when it has ended, or wasn't started. It is stopped if the run is cancelled. */
function session(
  folder: vscode.WorkspaceFolder,
  config: vscode.DebugConfiguration,
  token: vscode.CancellationToken,
): Promise<void> {
  return new Promise((resolve) => {
    let session: vscode.DebugSession | undefined;
    const end = (): void => {
      vscode.Disposable.from(...listening).dispose();
      resolve();
    };
    const listening = [
      vscode.debug.onDidStartDebugSession((started) => {
        session = started.name === config.name && !started.parentSession ? started : session;
      }),
      vscode.debug.onDidTerminateDebugSession((ended) => {
        if (ended === session) {
          end();
        }
      }),
      token.onCancellationRequested(() => void vscode.debug.stopDebugging(session)),
    ];
    void vscode.debug.startDebugging(folder, config).then((started) => {
      if (!started) {
        end();
      }
    }, end);
  });
}

function canDebug(): boolean {
  return vscode.extensions.all.some(({ packageJSON }) => {
    const { contributes } = packageJSON as { contributes?: { debuggers?: { type?: string }[] } };
    return contributes?.debuggers?.some(({ type }) => type === TYPE);
  });
}

async function offerDebugger(): Promise<void> {
  const text = "Pivot: to debug a stage, install the Python Debugger extension.";
  if (await vscode.window.showWarningMessage(text, "Show Extension")) {
    await vscode.commands.executeCommand("extension.open", EXTENSION);
  }
}
