/** How a folder's server is, and how that is said. */
import type { Interpreter } from "./choice";
import type { Python } from "./probe";

export type Health =
  | { readonly kind: "stopped" }
  | { readonly kind: "no interpreter" }
  | { readonly kind: "starting"; readonly interpreter: Interpreter }
  | { readonly kind: "running"; readonly interpreter: Interpreter; readonly python: Python }
  /** Like running, but it doesn't know all that this extension asks for. */
  | { readonly kind: "old"; readonly interpreter: Interpreter; readonly python: Python }
  /** The interpreter can't be used. */
  | { readonly kind: "unfit"; readonly interpreter: Interpreter; readonly why: string }
  /** The package, or what its server needs, isn't installed in it. */
  | { readonly kind: "missing"; readonly interpreter: Interpreter; readonly python: Python }
  /** It died, for the nth time of late, and is started again after `ms`; or not any more. */
  | {
      readonly kind: "died";
      readonly interpreter: Interpreter;
      readonly ms: number | undefined;
      readonly times: number;
    };

/** What a person can do about it. */
export type Remedy = "restart" | "install" | "update" | "choose" | "log";

export interface Said {
  readonly text: string;
  readonly severity: "information" | "warning" | "error";
  readonly busy: boolean;
  readonly remedy: Remedy;
}

/** In a few words, for the status of the language. */
export function say(health: Health): Said {
  switch (health.kind) {
    case "stopped":
      return { text: "stopped", severity: "information", busy: false, remedy: "restart" };
    case "starting":
      return { text: "starting…", severity: "information", busy: true, remedy: "log" };
    case "running":
      return { text: "ready", severity: "information", busy: false, remedy: "restart" };
    case "no interpreter":
      return { text: "no Python is chosen", severity: "warning", busy: false, remedy: "choose" };
    case "unfit":
      return { text: "this Python can't be used", severity: "error", busy: false, remedy: "choose" };
    case "missing":
      return { text: "not installed", severity: "warning", busy: false, remedy: "install" };
    case "old":
      return { text: "an older version", severity: "warning", busy: false, remedy: "update" };
    case "died":
      return health.ms === undefined
        ? { text: "the language server keeps ending", severity: "error", busy: false, remedy: "restart" }
        : { text: "starting again…", severity: "warning", busy: true, remedy: "log" };
  }
}

export interface Notice {
  readonly text: string;
  readonly severity: "warning" | "error";
  readonly remedies: readonly Remedy[];
}

/** What a person is told, once: undefined if it isn't worth a message. */
export function notice(health: Health, folder: string, trusted: boolean): Notice | undefined {
  if (!trusted && isForWantOfTrust(health)) {
    return undefined;
  }
  const severity = "warning";
  switch (health.kind) {
    case "no interpreter":
      return { text: `Pivot: no Python is chosen for ${folder}.`, severity, remedies: ["choose"] };
    case "unfit":
      return {
        text: `Pivot can't use the Python of ${folder}, ${health.interpreter.path}: ${health.why}.`,
        severity,
        remedies: ["choose"],
      };
    case "missing":
      return {
        text: `${whatIsMissing(health.python)} in the Python of ${folder}, ${health.interpreter.path}.`,
        severity,
        remedies: ["install"],
      };
    case "old":
      return {
        text: `pivot-core ${health.python.pivot ?? ""} in the Python of ${folder} is older than this extension. Stages aren't listed until it is updated.`,
        severity,
        remedies: ["update"],
      };
    case "died":
      return died(health, folder);
    default:
      return undefined;
  }
}

/** Without trust no Python of the folder's own is used: with trust it may be another one, that has it all. */
function isForWantOfTrust({ kind }: Health): boolean {
  return kind === "no interpreter" || kind === "unfit" || kind === "missing" || kind === "old";
}

function whatIsMissing({ pivot, missing }: Python): string {
  return pivot === null
    ? "Pivot isn't installed"
    : `pivot-core ${pivot} is installed, but not what its language server needs (${missing.join(", ")}),`;
}

function died(
  { ms, times }: { readonly ms: number | undefined; readonly times: number },
  folder: string,
): Notice | undefined {
  if (ms === undefined) {
    const text = `Pivot: the language server of ${folder} has ended ${times} times, and is left at that.`;
    return { text, severity: "error", remedies: ["restart", "log"] };
  }
  const text = `Pivot: the language server of ${folder} ended unexpectedly, and is started again.`;
  return times === 1 ? { text, severity: "warning", remedies: ["log"] } : undefined;
}

/** What the view says when it has no stage to show. */
export type Overall = "none" | "empty" | "starting" | "untrusted" | "missing" | "old" | "unwell" | "ready";

/** `pipelines`: whether any is known, has no stages, or is being looked for. */
export function overall(
  healths: readonly Health[],
  pipelines: "known" | "empty" | "looking" | "none",
  trusted: boolean,
): Overall {
  const kinds = new Set(healths.map((health) => health.kind));
  if (pipelines === "known" || pipelines === "empty") {
    return pipelines === "known" ? "ready" : "empty";
  }
  if (pipelines === "looking" || kinds.has("starting")) {
    return "starting";
  }
  if (kinds.size === 0 || kinds.has("running")) {
    return "none";
  }
  if (!trusted && healths.some(isForWantOfTrust)) {
    return "untrusted";
  }
  return kinds.has("missing") ? "missing" : kinds.has("old") ? "old" : "unwell";
}
