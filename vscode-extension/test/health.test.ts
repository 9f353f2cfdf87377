import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../src/health";
import { notice, overall } from "../src/health";

const interpreter = { path: "/p/.venv/bin/python", source: "folder" } as const;
const python = { version: "3.12.1", pivot: null, missing: ["pivot_lsp"], pip: true };
const MISSING: Health = { kind: "missing", interpreter, python };

test("a package that isn't there is offered", () => {
  assert.deepEqual(notice(MISSING, "demo", true)?.remedies, ["install"]);
});

test("without trust nobody is asked to mend what trust may mend: the view says so", () => {
  const wanting: Health[] = [MISSING, { kind: "no interpreter" }, { kind: "unfit", interpreter, why: "no" }];
  for (const health of wanting) {
    assert.equal(notice(health, "demo", false), undefined);
    assert.equal(overall([health], "none", false), "untrusted");
  }
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

test("what the empty view says is about what a person can do", () => {
  assert.equal(overall([], "none", true), "none");
  assert.equal(overall([MISSING], "none", true), "missing");
  assert.equal(overall([MISSING, { kind: "stopped" }], "known", true), "ready");
  assert.equal(overall([{ kind: "died", interpreter, ms: 1_000, times: 1 }], "none", true), "unwell");
  const running: Health = { kind: "running", interpreter, python };
  assert.equal(overall([running], "empty", true), "empty");
  assert.equal(overall([running], "looking", true), "starting");
  assert.equal(overall([running], "none", true), "none");
});
