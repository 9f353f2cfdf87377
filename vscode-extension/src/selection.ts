/** What a person has marked in the tests, as what is to be run. */
import type { RunRequest } from "./protocol";

/** A project, or a stage of it. */
export interface Marked {
  readonly root: string;
  readonly stage?: string;
}

export interface Choice extends RunRequest {
  readonly root: string;
  readonly targets: readonly string[];
}

/** Nothing that is included is all; no targets are all stages of the project. */
export function select(
  projects: readonly { readonly root: string; readonly stages: readonly string[] }[],
  include: readonly Marked[] | undefined,
  exclude: readonly Marked[],
): Choice[] {
  return projects.flatMap(({ root, stages }) => {
    const wanted = include?.filter((each) => each.root === root) ?? [{ root }];
    const left = exclude.filter((each) => each.root === root);
    if (wanted.length === 0 || left.some((each) => each.stage === undefined)) {
      return [];
    }
    const whole = wanted.some((each) => each.stage === undefined);
    if (whole && left.length === 0) {
      return [{ root, targets: [] }];
    }
    const names = whole ? stages : wanted.flatMap((each) => each.stage ?? []);
    const targets = names.filter((name) => !left.some((each) => each.stage === name));
    return targets.length > 0 ? [{ root, targets }] : [];
  });
}
