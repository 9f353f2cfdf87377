/** Which stages a person looks for: by what is typed, by verdicts, or both. */
import type { Stage } from "../../src/protocol";
import type { Look } from "./looks";
import { lookOf } from "./looks";

export interface Wanted {
  /** Words that all have to be in a stage's name, or in a path that it reads or writes. */
  readonly text: string;
  readonly looks: ReadonlySet<Look>;
}

export const NOTHING: Wanted = { text: "", looks: new Set() };

/** Null if nothing is looked for. */
export function find(stages: readonly Stage[], wanted: Wanted): Stage[] | null {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && wanted.looks.size === 0) {
    return null;
  }
  return stages.filter(
    (stage) =>
      (wanted.looks.size === 0 || wanted.looks.has(lookOf(stage))) &&
      words.every((word) => names(stage).some((name) => name.includes(word))),
  );
}

function names({ name, inputs, outputs }: Stage): string[] {
  return [name, ...[...inputs, ...outputs].map(({ path }) => path)].map((each) => each.toLowerCase());
}
