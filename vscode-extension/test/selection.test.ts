import assert from "node:assert/strict";
import { test } from "node:test";
import { select } from "../src/selection";

const PROJECTS = [
  { root: "/a", stages: ["clean", "train"] },
  { root: "/b", stages: ["clean"] },
];

test("nothing marked is every stage of every project", () => {
  assert.deepEqual(select(PROJECTS, undefined, []), [
    { root: "/a", targets: [] },
    { root: "/b", targets: [] },
  ]);
});

test("stages of one name in two projects are two runs", () => {
  const marked = PROJECTS.map(({ root }) => ({ root, stage: "clean" }));
  assert.deepEqual(select(PROJECTS, marked, []), [
    { root: "/a", targets: ["clean"] },
    { root: "/b", targets: ["clean"] },
  ]);
});

test("a project without one of its stages is named stage by stage, so that it stays out", () => {
  assert.deepEqual(select(PROJECTS, [{ root: "/a" }], [{ root: "/a", stage: "train" }]), [
    { root: "/a", targets: ["clean"] },
  ]);
});

test("a project that is left out as a whole, or of which nothing is left, isn't run", () => {
  const left = [{ root: "/a" }, { root: "/b", stage: "clean" }];
  assert.deepEqual(select(PROJECTS, undefined, left), []);
});
