/**
 * What the language server says beyond LSP: its own requests, notifications and commands.
 *
 * Lines and columns are LSP's. `root` is the absolute path of a project's folder.
 */
import type { Location } from "vscode-languageclient/node";
import { NotificationType, RequestType } from "vscode-languageclient/node";

export type { Location };

/** A stage's verdict, as in `pivot-core status --json`. */
export type StageState = "fresh" | "stale" | "upstream_stale" | "never_run" | "failed" | "error";

export interface Reason {
  readonly kind: string;
  readonly subject: string;
  readonly detail: string;
  readonly location: Location | null;
}

export interface Input {
  readonly path: string;
  readonly uri: string;
  /** The stage that writes it. */
  readonly producer: string | null;
  readonly exists: boolean;
  readonly kind: string;
}

export interface Output {
  readonly path: string;
  readonly uri: string;
  /** "out", "directory", "metric", "plot", "incremental". */
  readonly kind: string;
  readonly exists: boolean;
}

export interface Progress {
  readonly text: string;
  readonly done: number | null;
  readonly total: number | null;
}

export interface LastRun {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly durationSeconds: number;
  /** Why it failed. */
  readonly failed: string | null;
}

export interface Stage {
  readonly name: string;
  readonly state: StageState;
  /** Where it is in a run of the editor's. */
  readonly activity: "queued" | "running" | null;
  /** For how long it has been running, in seconds, when the server said so. */
  readonly since: number | null;
  readonly progress: Progress | null;
  /** What the lens says. */
  readonly summary: string;
  readonly reasons: readonly Reason[];
  /** Of the name in its `def`. */
  readonly location: Location;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  /** The stages that it reads from directly. */
  readonly upstream: readonly string[];
  readonly lastRun: LastRun | null;
}

export interface Pipeline {
  readonly root: string;
  readonly name: string;
  /** "outdated": the stages are those of `pipeline.py` when it was last read. */
  readonly state: "known" | "outdated" | "unread" | "unknown";
  /** Why it isn't known, in one line. */
  readonly why: string | null;
  /** Upstream first. */
  readonly stages: readonly Stage[];
  /** How many runs are under way. */
  readonly running: number;
}

export interface Change {
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  readonly location: Location | null;
  readonly before: string | null;
  readonly after: string | null;
}

/** The code of a stage that is other than when it last succeeded. */
export interface Difference {
  readonly stage: string;
  readonly changes: readonly Change[];
}

export const pipeline = new RequestType<{ root: string }, Pipeline, void>("pivot/pipeline");
export const difference = new RequestType<{ root: string; stage: string }, Difference, void>("pivot/diff");

/** The answers to all requests about this project may be others now. */
export const verdictsChanged = new NotificationType<{ root: string }>("pivot/verdictsChanged");
export const runEvent = new NotificationType<RunEvent>("pivot/runEvent");
/** To the server: whether its workspace may be run. */
export const trust = new NotificationType<{ trusted: boolean }>("pivot/trust");

export interface RunEvent {
  readonly root: string;
  /** Its number, in this session of the server. */
  readonly run: number;
  readonly event: Event;
}

export type Outcome = "ran" | "skipped" | "restored" | "failed" | "blocked" | "cancelled";

/** Lines are as people count them, from 1, and paths relative to the root. */
export interface StageError {
  readonly type: string;
  readonly message: string;
  readonly traceback: string;
  readonly path: string | null;
  readonly line: number | null;
}

/** One line of `pivot-core run --json`; and "ended", the last one of each run, which the server adds. */
export type Event =
  | { readonly event: "run_start"; readonly run_id: string; readonly stages: readonly string[] }
  | { readonly event: "stage_start"; readonly stage: string; readonly pid: number }
  | {
      readonly event: "stage_output";
      readonly stage: string;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  | ({ readonly event: "stage_progress"; readonly stage: string | null } & Progress)
  | {
      readonly event: "stage_end";
      readonly stage: string;
      readonly outcome: Outcome;
      readonly duration_s: number;
      readonly error: StageError | null;
    }
  | { readonly event: "warning"; readonly message: string; readonly stage: string | null }
  | { readonly event: "run_end"; readonly ok: boolean; readonly duration_s: number }
  | { readonly event: "ended"; readonly code: number | null; readonly message: string | null };

/** What `pivot.run` is given, as on the command line. No targets are all stages. */
export interface RunRequest {
  readonly root?: string;
  readonly targets?: readonly string[];
  readonly only?: boolean;
  readonly force?: boolean;
}

/** Its answer: the run's number; or why there is none, which the server has shown. */
export interface Begun {
  readonly run: number | null;
  readonly why: string | null;
}

/** Commands of the server's, by `workspace/executeCommand`. */
export const SERVER_COMMANDS = {
  run: "pivot.run",
  cancel: "pivot.cancel",
  explain: "pivot.explain",
} as const;
