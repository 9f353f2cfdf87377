/** What happened, for who doesn't see it. */
import type { Pipeline } from "../../src/protocol";
import type { Look } from "./looks";
import { lookOf, WORDS } from "./looks";

/** More than these are told as a number. */
const MOST = 3;

export function news(before: Pipeline, after: Pipeline): string {
  const were = new Map(before.stages.map((stage) => [stage.name, lookOf(stage)]));
  const other = after.stages
    .map((stage): [string, Look] => [stage.name, lookOf(stage)])
    .filter(([name, look]) => were.has(name) && were.get(name) !== look);
  if (other.length > MOST) {
    return `${other.length} stages have changed`;
  }
  return other.map(([name, look]) => `${name}: ${WORDS[look]}`).join(", ");
}
