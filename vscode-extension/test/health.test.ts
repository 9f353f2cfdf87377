import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../src/health";
import { notice, overall } from "../src/health";

const interpreter = { path: "/p/.venv/bin/python", source: "folder" } as const;
const python = { version: "3.12.1", pivot: null, missing: ["pivot_lsp"], pip: true };
const MISSING: Health = { kind: "missing", interpreter, python };

test("a package that isn't there is offered, but for a folder that isn't trusted", () => {
  assert.deepEqual(notice(MISSING, "demo", true)?.remedies, ["install"]);
  assert.deepEqual(notice(MISSING, "demo", false)?.remedies, []);
});

test("a package without its language server is told from one that isn't there", () => {
  const half: Health = { ...MISSING, python: { ...python, pivot: "0.1.0", missing: ["pygls"] } };
  assert.match(notice(half, "demo", true)?.text ?? "", /pivot-core 0\.1\.0 is installed, but not .*pygls/);
});

test("a server that dies is told of the first time, and when it isn't started any more", () => {
  const texts = [1, 2, 3].map((times) =>
    notice({ kind: "died", interpreter, ms: 1_000, times }, "demo", true),
  );
  assert.deepEqual(
    texts.map((each) => each?.remedies),
    [["log"], undefined, undefined],
  );
  const last = notice({ kind: "died", interpreter, ms: undefined, times: 6 }, "demo", true);
  assert.deepEqual(last?.remedies, ["restart", "log"]);
});

test("a folder that isn't trusted and has no Python but its own isn't complained about", () => {
  assert.equal(notice({ kind: "no interpreter" }, "demo", false), undefined);
  assert.ok(notice({ kind: "no interpreter" }, "demo", true));
});

test("what the empty view says is about what a person can do", () => {
  assert.equal(overall([], false), "none");
  assert.equal(overall([MISSING], false), "missing");
  assert.equal(overall([MISSING, { kind: "stopped" }], true), "ready");
  assert.equal(overall([{ kind: "died", interpreter, ms: 1_000, times: 1 }], false), "unwell");
});
