import assert from "node:assert/strict";
import { test } from "node:test";
import { outline } from "../src/outline";
import type { Node } from "../src/outline";
import type { Pipeline, Stage } from "../src/protocol";

const NOW = Date.parse("2026-01-02T00:00:00Z");
const AT = {
  uri: "file:///p/stages.py",
  range: { start: { line: 4, character: 4 }, end: { line: 4, character: 9 } },
};

function stage(name: string, more: Partial<Stage> = {}): Stage {
  return {
    name,
    state: "fresh",
    activity: null,
    since: null,
    progress: null,
    summary: "fresh · 1.2 s · 3 h ago",
    reasons: [],
    location: AT,
    inputs: [],
    outputs: [],
    upstream: [],
    lastRun: { at: "2026-01-01T21:00:00Z", durationSeconds: 1.2, failed: null },
    ...more,
  };
}

function pipeline(stages: Stage[], more: Partial<Pipeline> = {}): Pipeline {
  return { root: "/p", name: "demo", state: "known", why: null, stages, running: 0, ...more };
}

/** `label: description`, indented, of what is unfolded or all. */
function drawn(nodes: readonly Node[], depth = 0, levels = 2): string[] {
  return nodes.flatMap(({ label, description, children }) => [
    `${"  ".repeat(depth)}${label}${description ? `: ${description}` : ""}`,
    ...(depth + 1 < levels ? drawn(children, depth + 1, levels) : []),
  ]);
}

test("stages stand under what they need from a person, the most pressing first", () => {
  const stages = [
    stage("load"),
    stage("clean", { state: "stale", summary: "stale: helpers.normalise changed" }),
    stage("train", { state: "upstream_stale", summary: "waiting for clean" }),
    stage("plot", { state: "never_run", summary: "never run", lastRun: null }),
    stage("fetch", { state: "error", summary: "error: raw.txt isn't there" }),
    stage("report", { state: "stale", activity: "running", summary: "running… 3 s" }),
  ];
  assert.deepEqual(drawn(outline([pipeline(stages)], NOW)), [
    "Running: 1",
    "  report: running",
    "Errors: 1",
    "  fetch: raw.txt isn't there",
    "Stale: 1",
    "  clean: helpers.normalise changed",
    "Waiting for others: 1",
    "  train: for clean",
    "Never run: 1",
    "  plot",
    "Fresh: 1",
    "  load: 1.2 s · 3 h ago",
  ]);
});

test("a stage that failed when it last ran is among the failed, whatever else it is", () => {
  const lastRun = { at: "2026-01-01T21:00:00Z", durationSeconds: 1, failed: "ValueError: no" };
  const stages = [
    stage("a", { state: "stale", summary: "stale: x changed · last run failed", lastRun }),
    stage("b", { state: "never_run", summary: "failed: ValueError: no", lastRun }),
  ];
  const [group] = outline([pipeline(stages)], NOW);
  assert.deepEqual(
    group?.children.map((node) => `${node.label}: ${node.description}`),
    ["a: ValueError: no", "b: ValueError: no"],
  );
});

test("a stage unfolds to its reasons, files and last run", () => {
  const uri = "file:///p/a.csv";
  const one = stage("clean", {
    state: "stale",
    reasons: [
      { kind: "code", subject: "helpers.normalise", detail: "changed since the last run", location: AT },
    ],
    inputs: [{ path: "a.csv", uri, producer: "load", exists: false, kind: "out" }],
    outputs: [
      { path: "b.csv", uri, kind: "out", exists: true },
      { path: "m.json", uri, kind: "metric", exists: true },
    ],
  });
  const [group] = outline([pipeline([one])], NOW);
  assert.deepEqual(drawn(group?.children[0]?.children ?? []), [
    "normalise: changed · helpers",
    "Inputs: 1",
    "  a.csv: from load, isn't there",
    "Outputs: 2",
    "  b.csv",
    "  m.json: metric",
    "Last run 3 h ago: took 1.2 s",
  ]);
});

test("only a file that is there opens", () => {
  const uri = "file:///p/a.csv";
  const outputs = [true, false].map((exists) => ({
    path: `${String(exists)}.csv`,
    uri,
    kind: "out",
    exists,
  }));
  const [group] = outline([pipeline([stage("a", { outputs })])], NOW);
  const files = group?.children[0]?.children.find((node) => node.label === "Outputs")?.children;
  assert.deepEqual(
    files?.map((node) => node.opens),
    [uri, undefined],
  );
});

test("several pipelines have a node each, and keys are unique", () => {
  const two = [pipeline([stage("a")]), pipeline([stage("a")], { root: "/q", name: "other" })];
  const nodes = outline(two, NOW);
  assert.deepEqual(drawn(nodes), ["demo: 1 stage", "  Fresh: 1", "other: 1 stage", "  Fresh: 1"]);
  const keys = (list: readonly Node[]): string[] =>
    list.flatMap((node) => [node.key, ...keys(node.children)]);
  assert.equal(new Set(keys(nodes)).size, keys(nodes).length);
});

test("why a pipeline isn't known stands above its stages, and not beside each of them", () => {
  const why = "pipeline.py has mistakes";
  const stages = [stage("a", { summary: `fresh · 1.2 s · 3 h ago (${why})` })];
  const unread = pipeline(stages, { root: "/my p", state: "outdated", why });
  const nodes = outline([unread], NOW);
  assert.deepEqual(drawn(nodes), [why, "Fresh: 1", "  a: 1.2 s · 3 h ago"]);
  assert.equal(nodes[0]?.opens, "file:///my%20p/pipeline.py");
});
