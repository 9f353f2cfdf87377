/** How a verdict looks and reads: a colour, a sign, and words, so that none of them is needed. */
import { groupOf } from "../../src/outline";
import type { Stage, StageState } from "../../src/protocol";
import { STATES, withoutModules } from "../../src/wording";
import type { Node } from "./families";
import { groupBy } from "./grouping";

export type Look = StageState | "running" | "queued";

/** What needs a person first. A node with several stages looks like the first of theirs. */
export const LOOKS: readonly Look[] = [
  "failed",
  "error",
  "running",
  "queued",
  "stale",
  "upstream_stale",
  "never_run",
  "fresh",
];

export const WORDS: Readonly<Record<Look, string>> = { ...STATES, running: "running", queued: "queued" };

/** Lines in a circle of 16 by 16. */
export const SIGNS: Readonly<Record<Look, string>> = {
  failed: "M5.5 5.5 L10.5 10.5 M10.5 5.5 L5.5 10.5",
  error: "M8 4.5 V8.8 M8 11.4 V11.5",
  running: "M6.6 5 L11 8 L6.6 11 Z",
  queued: "M4.8 8 H4.9 M8 8 H8.1 M11.1 8 H11.2",
  stale: "M5 6.6 H11 M5 9.4 H11 M9.6 4.6 L6.4 11.4",
  upstream_stale: "M11.2 8 H5 M7.4 5.4 L4.8 8 L7.4 10.6",
  never_run: "",
  fresh: "M4.8 8.3 L7 10.5 L11.2 5.6",
};

export function lookOf(stage: Stage): Look {
  const group = groupOf(stage);
  return group === "busy" ? (stage.activity ?? "running") : group;
}

export function lookOfNode(node: Node): Look {
  const has = new Set(node.stages.map(lookOf));
  return LOOKS.find((look) => has.has(look)) ?? "fresh";
}

export function counts(stages: readonly Stage[]): { readonly look: Look; readonly count: number }[] {
  const byLook = groupBy(stages, lookOf);
  return LOOKS.map((look) => ({ look, count: byLook.get(look)?.length ?? 0 })).filter(
    ({ count }) => count > 0,
  );
}

/** The second line of a node; `brief`: in less room. */
export function summaryOf(node: Node, brief = false): string {
  const [stage] = node.stages;
  if (node.family === null && stage) {
    const summary = brief ? withoutModules(stage) : stage.summary;
    return stage.progress?.text ? `${summary} · ${stage.progress.text}` : summary;
  }
  return counts(node.stages)
    .map(({ look, count }) => `${count} ${WORDS[look]}`)
    .join(", ");
}

/** How much is done, from 0 to 1, where that is known. */
export function shareOf(node: Node): number | null {
  const progress = node.family === null ? node.stages[0]?.progress : null;
  if (!progress?.total || progress.done === null) {
    return null;
  }
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

/** With its verdict, which a summary begins with in most cases. */
export function verdictOf(node: Node): string {
  const [summary, word] = [summaryOf(node), WORDS[lookOfNode(node)]];
  return node.family !== null || summary.startsWith(word) ? summary : `${word}: ${summary}`;
}

/** What a screen reader says. */
export function readAloud(node: Node, reads: number, readBy: number): string {
  const ends = [
    reads > 0 ? `reads from ${reads}` : "reads from no stage",
    readBy > 0 ? `read by ${readBy}` : "read by no stage",
  ];
  return [node.title, verdictOf(node), ...ends].join(", ");
}
