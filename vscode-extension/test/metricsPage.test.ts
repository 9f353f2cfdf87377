import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measured, Metrics } from "../src/metricsPage";
import { metricsPage } from "../src/metricsPage";

function measured(stage: string, now: Metrics["now"], was: Metrics["was"] = null): Metrics {
  const path = `build/${stage}.json`;
  return { stage, path, uri: `file:///p/${path}`, now, was, problem: null };
}

/** What a person reads: the rows, with a bar between cells. */
function read(page: Partial<Measured> & Pick<Measured, "metrics">): string[] {
  const html = metricsPage({ root: "/p", name: "p", compared: false, ...page });
  const body = html.slice(html.indexOf("<body>"));
  const lines = body.replaceAll(/<\/(?:tr|h1|h2|p|div)>/g, "\n").replaceAll(/<\/t[hd]>/g, "|");
  return lines
    .replaceAll(/<small>|<span class="change">/g, " ")
    .replaceAll(/<[^>]*>/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

test("what a stage has measured is a list", () => {
  const metrics = [measured("count", { adelie: 146, share: 0.1 + 0.2, best: "a<b" })];
  assert.deepEqual(read({ metrics }), [
    "Metrics of p",
    "count build/count.json",
    "adelie|146|",
    "share|0.3|",
    "best|a&lt;b|",
  ]);
});

test("variants that measure the same are rows of one table", () => {
  const metrics = [
    measured("evaluate@knn", { f1: 0.8868 }),
    measured("other", { a: 1 }),
    measured("evaluate@forest", { f1: 0.8911 }),
    measured("evaluate@odd", { f2: 1 }),
  ];
  assert.deepEqual(read({ metrics }), [
    "Metrics of p",
    "evaluate",
    "|f1||",
    "knn|0.8868| build/evaluate@knn.json|",
    "forest|0.8911| build/evaluate@forest.json|",
    "other build/other.json",
    "a|1|",
    "evaluate@odd build/evaluate@odd.json",
    "f2|1|",
  ]);
});

test("what is other than in the last commit says by how much", () => {
  const metrics = [
    measured("count", { rows: 10, model: "b", extra: 1 }, { rows: 12, model: "a", old: 2 }),
    measured("evaluate@a", { f1: 0.9 }, { f1: 0.88 }),
    measured("evaluate@b", { f1: 0.8 }, { f1: 0.8 }),
    measured("new", { a: 1 }),
  ];
  assert.deepEqual(read({ metrics, compared: true }), [
    "Metrics of p",
    "beside what they were in HEAD",
    "count build/count.json",
    "|now|HEAD|",
    "rows|10 −2|12|",
    "model|b was a|a|",
    "extra|1 new|–|",
    "old|– gone|2|",
    "evaluate",
    "|f1||",
    "a|0.9 +0.02| build/evaluate@a.json|",
    "b|0.8| build/evaluate@b.json|",
    "new build/new.json",
    "a|1|",
  ]);
  const same = metrics.slice(2, 3);
  assert.equal(read({ metrics: same, compared: true })[1], "as they are in HEAD");
});

test("a file that isn't there says what to do, and nothing else does that", () => {
  const problem = "it isn't there: make it with pivot-core run count";
  assert.deepEqual(read({ metrics: [{ ...measured("count", null), problem }] }), [
    "Metrics of p",
    "count build/count.json",
    problem,
  ]);
});
