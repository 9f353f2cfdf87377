/** The ways in which stages run from the tests' buttons. */
import * as vscode from "vscode";
import type { Debugging } from "./debugging";
import type { RunRequest } from "./protocol";
import type { Runs } from "./runs";
import type { Tests } from "./tests";

/** The first is what a click on an icon does. */
const PROFILES: readonly (readonly [label: string, how: RunRequest])[] = [
  ["Run", { only: true }],
  ["Run with Upstream", {}],
  ["Run Again", { only: true, force: true }],
];

export function registerProfiles(tests: Tests, runs: Runs, debugging: Debugging): vscode.Disposable {
  const running = PROFILES.map(([label, how], index) =>
    tests.controller.createRunProfile(
      label,
      vscode.TestRunProfileKind.Run,
      async (request) => {
        // All stages are all that they need, too.
        const choices = tests.select(request).map((choice) => ({ ...how, ...choice }));
        await Promise.all(
          choices.map((each) => runs.start(each.targets.length > 0 ? each : whole(each), request)),
        );
      },
      index === 0,
    ),
  );
  const debug = tests.controller.createRunProfile(
    "Debug",
    vscode.TestRunProfileKind.Debug,
    async (request) => {
      for (const { root, targets } of tests.select(request)) {
        await debugging.start({ root, targets }, request);
      }
    },
  );
  return vscode.Disposable.from(...running, debug);
}

function whole({ root, force = false }: RunRequest): RunRequest {
  return { ...(root === undefined ? {} : { root }), targets: [], force };
}
