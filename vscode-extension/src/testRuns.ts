/** Runs of the server's as runs of tests: how stages end, what they print, where they fail; and cancelling. */
import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import { lineOf } from "./places";
import type { Begun, Event, RunEvent, RunRequest, StageError } from "./protocol";
import { SERVER_COMMANDS } from "./protocol";
import type { Server } from "./server";
import type { Servers } from "./servers";
import type { Tests } from "./tests";
import { Transcript } from "./transcript";
import { duration } from "./wording";

const SHOW_OUTPUT = "Show Output";

export class TestRuns implements vscode.Disposable {
  private readonly shown = new Map<Server, Map<number, ShownRun>>();
  /** What was said about runs whose number isn't known yet, while servers are being asked for one. */
  private readonly early = new Map<Server, { asking: number; said: RunEvent[] }>();
  private readonly listening: vscode.Disposable[];

  constructor(
    servers: Servers,
    private readonly tests: Tests,
  ) {
    this.listening = [
      servers.onRunEvent(({ server, said }) => {
        this.take(server, said);
      }),
      servers.onDidChangeHealth((server) => {
        if (!server.client) {
          this.lost(server);
        }
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  /** `begin` asks the server for a run: what is said about it from then on is shown as this request's. */
  async expect(
    server: Server,
    request: RunRequest,
    marked: vscode.TestRunRequest,
    begin: () => Promise<Begun>,
  ): Promise<void> {
    const early = this.early.get(server) ?? { asking: 0, said: [] };
    this.early.set(server, early);
    early.asking += 1;
    try {
      const { run } = await begin();
      if (run !== null && server.client) {
        this.show(server, request.root ?? "", run, request.targets ?? [], marked);
      }
    } finally {
      early.asking -= 1;
      early.said.splice(0).forEach((said) => {
        this.take(server, said);
      });
    }
  }

  private show(
    server: Server,
    root: string,
    run: number,
    targets: readonly string[],
    marked: vscode.TestRunRequest,
  ): ShownRun {
    const name = targets.length > 0 ? targets.join(", ") : "all stages";
    const testRun = this.tests.controller.createTestRun(marked, name, false);
    const shown = new ShownRun(testRun, root, targets, (stage) => this.tests.stage(root, stage));
    const ofServer = this.shown.get(server) ?? new Map<number, ShownRun>();
    this.shown.set(server, ofServer.set(run, shown));
    testRun.token.onCancellationRequested(() => {
      void server.client?.execute(SERVER_COMMANDS.cancel, { root: shown.root, targets: shown.unfinished });
    });
    return shown;
  }

  private take(server: Server, said: RunEvent): void {
    const shown = this.shown.get(server)?.get(said.run);
    const early = this.early.get(server);
    if (!shown && early && early.asking > 0) {
      early.said.push(said);
      return;
    }
    const request = this.tests.requestOf({ root: said.root });
    (shown ?? this.show(server, said.root, said.run, [], request)).take(said.event);
    if (said.event.event === "ended") {
      tell(said.event);
      this.shown.get(server)?.delete(said.run);
    }
  }

  /** The server is gone, and with it its runs. */
  private lost(server: Server): void {
    this.early.get(server)?.said.splice(0);
    this.shown.get(server)?.forEach((shown) => {
      shown.take({ event: "ended", code: null, message: "The language server ended, and this run with it." });
    });
    this.shown.delete(server);
  }
}

/** How it ended. With a button it is shown whole, and as a warning it goes by itself: the failure stays in the code. */
function tell({ code, message }: Event & { event: "ended" }): void {
  if (message && code === 0) {
    void vscode.window.showInformationMessage(`Pivot: ${message}.`);
  } else if (message) {
    void vscode.window.showWarningMessage(`Pivot: ${message}.`, SHOW_OUTPUT).then((chosen) => {
      return chosen && vscode.commands.executeCommand(COMMANDS.showOutput);
    });
  }
}

/** One of them, event by event. */
class ShownRun {
  /** Until it is known what it will do: what was asked for. */
  private readonly left: Set<string>;
  private transcript: Transcript;
  private anyFailed = false;
  /** Those that it has met: they may be gone from the tests, as when the server dies. */
  private readonly items = new Map<string, vscode.TestItem>();

  constructor(
    private readonly run: vscode.TestRun,
    readonly root: string,
    targets: readonly string[],
    private readonly find: (stage: string) => vscode.TestItem | undefined,
  ) {
    this.left = new Set(targets);
    this.transcript = new Transcript(targets.length !== 1);
    this.enqueue(targets);
  }

  /** Stages that it will come to, or is at; none if that isn't known. */
  get unfinished(): string[] {
    return [...this.left];
  }

  take(event: Event): void {
    switch (event.event) {
      case "run_start":
        this.left.clear();
        event.stages.forEach((stage) => this.left.add(stage));
        this.transcript = new Transcript(event.stages.length !== 1);
        this.enqueue(event.stages);
        break;
      case "stage_start":
        this.about(event.stage, (item) => {
          this.run.started(item);
        });
        break;
      case "stage_output":
        this.append(this.transcript.say(event.stage, event.text), event.stage);
        break;
      case "stage_end":
        this.left.delete(event.stage);
        this.stageEnded(event);
        break;
      case "warning":
        this.append(this.transcript.note(`warning: ${event.message}`), event.stage ?? undefined);
        break;
      case "ended":
        this.ended(event.message);
        break;
      case "stage_progress":
      case "run_end":
        break; // the lens shows the one, and the other has no news
    }
  }

  private enqueue(stages: readonly string[]): void {
    stages.forEach((stage) => {
      this.about(stage, (item) => {
        this.run.enqueued(item);
      });
    });
  }

  private stageEnded(event: Event & { event: "stage_end" }): void {
    const { stage, outcome, duration_s } = event;
    const took = outcome === "ran" || outcome === "failed" ? ` · ${duration(duration_s)}` : "";
    this.append(this.transcript.note(`${stage}: ${OUTCOMES[outcome]}${took}`), stage);
    if (event.error?.traceback) {
      this.append(this.transcript.note(event.error.traceback), stage);
    }
    this.about(stage, (item) => {
      if (outcome === "failed") {
        this.anyFailed = true;
        this.run.failed(item, failure(event.error, this.root), duration_s * 1_000);
      } else if (outcome === "blocked" || outcome === "cancelled") {
        this.run.skipped(item);
      } else {
        this.run.passed(item, duration_s * 1_000);
      }
    });
  }

  /** What it hasn't come to is left out; if it says why, that is an error of each. */
  private ended(message: string | null): void {
    if (message && !this.anyFailed) {
      this.append(this.transcript.note(message)); // else it only sums up what is there already
    }
    this.left.forEach((stage) => {
      this.about(stage, (item) => {
        if (message) {
          this.run.errored(item, new vscode.TestMessage(message));
        } else {
          this.run.skipped(item);
        }
      });
    });
    this.run.end();
  }

  private item(stage: string): vscode.TestItem | undefined {
    const item = this.items.get(stage) ?? this.find(stage);
    if (item) {
      this.items.set(stage, item);
    }
    return item;
  }

  private append(text: string, stage?: string): void {
    this.run.appendOutput(text, undefined, stage === undefined ? undefined : this.item(stage));
  }

  private about(stage: string, say: (item: vscode.TestItem) => void): void {
    const item = this.item(stage);
    if (item) {
      say(item);
    }
  }
}

const OUTCOMES = {
  ran: "ran",
  skipped: "is fresh",
  restored: "came back from the cache",
  failed: "failed",
  blocked: "wasn't run: what it needs failed",
  cancelled: "was cancelled",
} as const;

function failure(error: StageError | null, root: string): vscode.TestMessage {
  const what = error ? [error.type, error.message].filter(Boolean).join(": ") : "it failed";
  const message = new vscode.TestMessage(error?.traceback ? `${what}\n\n${error.traceback}` : what);
  if (error?.path) {
    message.location = lineOf(root, error.path, error.line);
  }
  return message;
}
