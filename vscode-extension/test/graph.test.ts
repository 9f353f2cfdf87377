import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pipeline, Stage } from "../src/protocol";
import type { Graph } from "../webview/graph/families";
import { graphOf } from "../webview/graph/families";
import { find } from "../webview/graph/finding";
import type { Point } from "../webview/graph/layout";
import { layOut } from "../webview/graph/layout";
import { lookOfNode, readAloud, summaryOf } from "../webview/graph/looks";
import { news } from "../webview/graph/news";
import { next } from "../webview/graph/ways";

const SIZE = { width: 190, height: 46 };
const PLACE = {
  uri: "file:///p/stages.py",
  range: { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } },
};

function stage(name: string, upstream: string[] = [], more: Partial<Stage> = {}): Stage {
  const path = `build/${name}.csv`;
  return {
    name,
    state: "fresh",
    activity: null,
    since: null,
    progress: null,
    summary: "fresh · 1.2 s · 3 h ago",
    reasons: [],
    location: PLACE,
    inputs: [],
    outputs: [{ path, uri: `file:///p/${path}`, kind: "out", exists: true }],
    upstream,
    lastRun: null,
    ...more,
  };
}

/** Sources that are cleaned and joined, and models that are trained and compared: 4 + 2 × `models` stages. */
function pipeline(models: number): Stage[] {
  const names = Array.from({ length: models }, (_, index) => String(index));
  return [
    stage("load"),
    stage("clean", ["load"]),
    stage("split", ["clean"]),
    ...names.map((name) => stage(`train@${name}`, ["split"])),
    ...names.map((name) => stage(`evaluate@${name}`, [`train@${name}`, "split"])),
    stage(
      "compare",
      names.map((name) => `evaluate@${name}`),
    ),
  ];
}

function edges(graph: Graph): string[] {
  return graph.edges.map(({ from, to }) => `${from} > ${to}`);
}

test("each stage is a node, and each stage that it reads from an edge", () => {
  const graph = graphOf(pipeline(3), () => false);
  assert.equal(graph.nodes.size, 10);
  assert.equal(graph.edges.length, 2 + 3 * 3 + 3);
  assert.deepEqual(graph.families, ["train", "evaluate"]);
});

test("variants that are folded are one node with the edges of them all", () => {
  const graph = graphOf(pipeline(50), () => true);
  assert.deepEqual(
    [...graph.nodes.values()].map(({ title }) => title),
    ["load", "clean", "split", "train × 50", "evaluate × 50", "compare"],
  );
  assert.deepEqual(edges(graph), [
    "load > clean",
    "clean > split",
    "split > train@*",
    "train@* > evaluate@*",
    "split > evaluate@*",
    "evaluate@* > compare",
  ]);
});

test("variants aren't folded where that would draw a circle", () => {
  const stages = [
    stage("fit@1"),
    stage("pick@1", ["fit@1"]),
    stage("fit@2", ["pick@1"]),
    stage("pick@2", ["fit@2"]),
    stage("fit@3", ["pick@2"]),
    stage("pick@3", ["fit@3"]),
  ];
  const graph = graphOf(stages, () => true);
  assert.deepEqual(graph.families, []);
  assert.equal(graph.nodes.size, 6);
});

test("variants that read from one another are folded", () => {
  const stages = [stage("round@1"), stage("round@2", ["round@1"]), stage("round@3", ["round@2"])];
  const graph = graphOf(stages, () => true);
  assert.equal(graph.nodes.size, 1);
  assert.deepEqual(graph.edges, []);
});

test("a node of several stages looks like the one that needs a person most", () => {
  const stages = pipeline(3).map((each) =>
    each.name === "train@1" ? { ...each, state: "failed" as const } : each,
  );
  const node = graphOf(stages, () => true).nodes.get("train@*");
  assert.ok(node);
  assert.equal(lookOfNode(node), "failed");
  assert.equal(summaryOf(node), "1 failed, 2 fresh");
  assert.equal(readAloud(node, 1, 0), "train × 3, 1 failed, 2 fresh, reads from 1, read by no stage");
});

test("nodes don't overlap, and edges go from left to right between them", () => {
  for (const folded of [true, false]) {
    const graph = graphOf(pipeline(98), () => folded);
    const { places, routes, width, height } = layOut(graph, SIZE);
    assertApart([...places.values()]);
    for (const { x, y } of places.values()) {
      assert.ok(x >= SIZE.width / 2 && x <= width - SIZE.width / 2, `${x} of ${width}`);
      assert.ok(y >= SIZE.height / 2 && y <= height - SIZE.height / 2, `${y} of ${height}`);
    }
    for (const route of routes) {
      const xs = route.map(({ x }) => x);
      assert.deepEqual(
        xs,
        [...xs].sort((a, b) => a - b),
      );
    }
  }
});

test("two hundred unfolded stages are about as wide as a window", () => {
  const { width, height, blocks } = layOut(
    graphOf(pipeline(98), () => false),
    SIZE,
  );
  assert.equal(blocks.length, 2);
  assert.ok(width > height && width < 2 * height, `${width} × ${height}`);
});

test("variants that read from one another stay in the order in which they do", () => {
  const rounds = Array.from({ length: 30 }, (_, index) =>
    stage(`round@${index}`, index > 0 ? [`round@${index - 1}`] : []),
  );
  const { places, blocks } = layOut(
    graphOf(rounds, () => false),
    SIZE,
  );
  assert.deepEqual(blocks, []);
  const xs = rounds.map(({ name }) => places.get(name)?.x ?? 0);
  assert.deepEqual(
    xs,
    [...xs].sort((a, b) => a - b),
  );
});

test("stages that have nothing to do with one another stand in rows", () => {
  const graph = graphOf(
    Array.from({ length: 60 }, (_, index) => stage(`alone_${index}`)),
    () => false,
  );
  const { places, width, height } = layOut(graph, SIZE);
  assertApart([...places.values()]);
  assert.ok(width < 4 * height && height < 4 * width, `${width} × ${height}`);
});

function assertApart(places: readonly Point[]): void {
  for (const [index, one] of places.entries()) {
    for (const other of places.slice(index + 1)) {
      const apart = Math.abs(one.x - other.x) >= SIZE.width || Math.abs(one.y - other.y) >= SIZE.height;
      assert.ok(apart, `${JSON.stringify(one)} and ${JSON.stringify(other)}`);
    }
  }
}

test("arrows go along the edges, and up and down a column", () => {
  const graph = graphOf(pipeline(3), () => false);
  const layout = layOut(graph, SIZE);
  const go = (from: string, ...ways: Parameters<typeof next>[3][]): string | undefined =>
    ways.reduce<string | undefined>((at, to) => at && next(graph, layout, at, to), from);
  assert.equal(go("load", "right", "right"), "split");
  assert.match(go("split", "right") ?? "", /^train@/);
  assert.equal(go("split", "right", "right", "right"), "compare");
  assert.equal(go("compare", "left", "left", "left"), "split");
  assert.equal(go("load", "left"), undefined);
  const column = ["train@0", "train@1", "train@2"].sort(
    (a, b) => (layout.places.get(a)?.y ?? 0) - (layout.places.get(b)?.y ?? 0),
  );
  assert.equal(go(column[0] ?? "", "down", "down"), column[2]);
  assert.equal(go(column[2] ?? "", "up"), column[1]);
});

test("arrows reach each of many variants, and leave them along the edges", () => {
  const graph = graphOf(pipeline(98), () => false);
  const layout = layOut(graph, SIZE);
  const go = (from: string, to: Parameters<typeof next>[3]): string => next(graph, layout, from, to) ?? "";
  const { rows = 0 } = layout.blocks[0] ?? {};
  assert.equal(go("train@0", "down"), "train@1");
  assert.equal(go("train@0", "right"), `train@${rows}`);
  assert.equal(go(`train@${rows}`, "left"), "train@0");
  assert.equal(go("train@0", "left"), "split");
  assert.equal(go("train@97", "right"), "evaluate@97");
});

test("stages are found by parts of their names and of the paths that they write, and by verdicts", () => {
  const stages = [
    stage("clean"),
    stage("train@iris", [], { state: "stale" }),
    stage("train@moon", [], { activity: "running" }),
  ];
  const found = (text: string, ...looks: ("stale" | "running")[]): string[] | undefined =>
    find(stages, { text, looks: new Set(looks) })?.map(({ name }) => name);
  assert.equal(found(" "), undefined);
  assert.deepEqual(found("TRAIN iris"), ["train@iris"]);
  assert.deepEqual(found("build/clean"), ["clean"]);
  assert.deepEqual(found("", "running"), ["train@moon"]);
  assert.deepEqual(found("clean", "stale"), []);
});

test("what has changed is told in words, and many changes as a number", () => {
  const told = (before: Stage[], after: Stage[]): string => news(asPipeline(before), asPipeline(after));
  const stages = pipeline(2);
  const running = stages.map((each, index) =>
    index === 1 ? { ...each, activity: "running" as const } : each,
  );
  assert.equal(told(stages, stages), "");
  assert.equal(told(stages, running), "clean: running");
  assert.equal(
    told(
      stages,
      stages.map((each) => ({ ...each, state: "stale" as const })),
    ),
    "8 stages have changed",
  );
});

function asPipeline(stages: Stage[]): Pipeline {
  return { root: "/p", name: "demo", state: "known", why: null, stages, running: 0 };
}
