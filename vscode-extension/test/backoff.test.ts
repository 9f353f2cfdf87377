import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/backoff";

test("a server that dies again and again is started later each time, and then no more", () => {
  const backoff = new Backoff();
  const waits = [1, 2, 3, 4, 5, 6].map((second) => {
    backoff.started(second * 1_000);
    return backoff.died(second * 1_000 + 500);
  });
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, undefined]);
});

test("a server that was well for a minute is started at once again, however often others died", () => {
  const backoff = new Backoff();
  [1, 2, 3].forEach((second) => backoff.died(second));
  backoff.started(10_000);
  assert.equal(backoff.died(70_000), 1_000);
});

test("who restarts it by hand has all tries again", () => {
  const backoff = new Backoff();
  [1, 2, 3, 4, 5, 6].forEach((second) => backoff.died(second));
  backoff.forget();
  assert.equal(backoff.died(7), 1_000);
});
