import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, counted, duration, split } from "../src/wording";

test("durations and ages are worded as on the command line", () => {
  assert.deepEqual([0, 0.05, 2.14, 185].map(duration), ["1 ms", "0.05 s", "2.1 s", "3 min 05 s"]);
  const now = Date.parse("2026-01-10T00:00:00Z");
  const times = [
    "2026-01-10T00:00:05Z",
    "2026-01-09T23:59:48Z",
    "2026-01-09T21:00:00Z",
    "2026-01-05T00:00:00Z",
  ];
  assert.deepEqual(
    times.map((at) => ago(at, now)),
    ["just now", "just now", "3 h ago", "5 days ago"],
  );
});

test("stages are counted by what they need from a person", () => {
  const states = ["fresh", "stale", "fresh", "error"] as const;
  assert.equal(counted(states.map((state) => ({ state }))), "1 error, 1 stale, 2 fresh");
});

test("code without a name is told in words, as on the command line", () => {
  assert.deepEqual(["a.b.f", "f", "a.fast.(import)", "x.(main)", "x.*"].map(split), [
    ["f", "a.b"],
    ["f", ""],
    ["what can fail while a.fast is imported", ""],
    ["what x does when it is run as a program", ""],
    ["what x does while it is imported", ""],
  ]);
});
