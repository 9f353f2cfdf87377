import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isNewEnough, probe } from "../src/probe";

const FOLDER = mkdtempSync(join(tmpdir(), "pivot-probe-"));
after(() => {
  rmSync(FOLDER, { recursive: true });
});

function program(name: string, text: string): string {
  const file = join(FOLDER, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

test("a Python says its version, and what is missing in it", async () => {
  // Without any package, whatever is installed here.
  const bare = program("bare", 'exec python3 -I -S "$@"');
  const { version, pivot, missing } = await probe(bare, FOLDER);
  assert.match(version, /^3\.\d+\.\d+$/);
  assert.equal(pivot, null);
  assert.deepEqual(missing, ["pivot_lsp", "pygls", "lsprotocol", "libcst"]);
});

test("a Python that can't be asked says why, in one line", async () => {
  await assert.rejects(probe(join(FOLDER, "nowhere"), FOLDER), /^Error: [^\n]*ENOENT[^\n]*$/);
  const broken = program("broken", "echo error while loading shared libraries >&2; exit 127");
  await assert.rejects(probe(broken, FOLDER), /^Error: error while loading shared libraries$/);
  const other = program("other", "echo hello");
  await assert.rejects(probe(other, FOLDER), /doesn't answer as a Python does/);
});

test("Python 3.11 is new enough, and so is 4.0; 3.9 isn't", () => {
  const rest = { pivot: null, missing: [], pip: true };
  const enough = ["3.11.0", "4.0.1", "3.9.18", "2.7.18"].map((version) => isNewEnough({ version, ...rest }));
  assert.deepEqual(enough, [true, true, false, false]);
});
