/** Words for numbers, times and states, the same in all views. */
import type { Stage, StageState } from "./protocol";

/** As in a sentence, and in this order: what needs a person first. */
export const STATES: Readonly<Record<StageState, string>> = {
  error: "error",
  failed: "failed",
  stale: "stale",
  upstream_stale: "waiting",
  never_run: "never run",
  fresh: "fresh",
};

/** "2 stale, 9 fresh" */
export function counted(stages: readonly Pick<Stage, "state">[]): string {
  return Object.entries(STATES)
    .map(([state, word]) => [stages.filter((stage) => stage.state === state).length, word] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(", ");
}

/** "4 ms", "0.05 s", "2.1 s", "3 min 05 s": as the command line says it. */
export function duration(seconds: number): string {
  if (seconds < 0.01) {
    return `${Math.max(1, Math.round(seconds * 1_000))} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  }
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Below so many seconds, in units of so many. */
const AGES = [
  [5_400, 60, "min"],
  [172_800, 3_600, "h"],
] as const;

/** How long before `now` (ms) an ISO 8601 time is: "just now", "3 h ago", "5 days ago". */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1_000);
  if (seconds < 60) {
    return "just now";
  }
  const age = AGES.find(([limit]) => seconds < limit);
  return age ? `${Math.floor(seconds / age[1])} ${age[2]} ago` : `${Math.floor(seconds / 86_400)} days ago`;
}

/** What code that has no name of its own is, by the last part of the name that the server gives it. */
const NAMELESS: Record<string, (module: string) => string> = {
  "*": (module) => `what ${module} does while it is imported`,
  "(import)": (module) => `what can fail while ${module} is imported`,
  "(main)": (module) => `what ${module} does when it is run as a program`,
  "(process)": () => "what is done to the process",
};

/** The last part of a definition's dotted name, and those before it; of code without a name, what it is. */
export function split(name: string): readonly [name: string, module: string] {
  const dot = name.lastIndexOf(".");
  const nameless = NAMELESS[name.slice(dot + 1)];
  if (nameless) {
    return [nameless(name.slice(0, Math.max(0, dot))), ""];
  }
  return [name.slice(dot + 1), name.slice(0, Math.max(0, dot))];
}

/** What is said of a stage in less room: the definitions that are a reason of its, without their modules. */
export function withoutModules({ summary, reasons }: Pick<Stage, "summary" | "reasons">): string {
  const names = reasons.filter(({ kind }) => kind === "code").map(({ subject }) => subject);
  return names.reduce((text, name) => text.replace(name, split(name)[0]), summary);
}
