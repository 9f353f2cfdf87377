import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findWheel, installing } from "../src/wheel";

const FOLDER = mkdtempSync(join(tmpdir(), "pivot-wheel-"));
after(() => {
  rmSync(FOLDER, { recursive: true });
});

function extension(name: string, files: readonly string[]): string {
  const folder = join(FOLDER, name);
  mkdirSync(join(folder, "wheel"), { recursive: true });
  files.forEach((file) => {
    writeFileSync(join(folder, "wheel", file), "");
  });
  return folder;
}

const WHEEL = "pivot_core-0.1.0-py3-none-any.whl";

test("the wheel is the one that the extension brings", () => {
  const folder = extension("whole", [WHEEL, ".gitignore", "other-1.0-py3-none-any.whl"]);
  assert.equal(findWheel(folder), join(folder, "wheel", WHEEL));
});

test("an extension that brings none, or several, says so", () => {
  assert.throws(() => findWheel(extension("empty", [])), /no wheel of pivot-core/);
  const two = extension("two", [WHEEL, "pivot_core-0.2.0-py3-none-any.whl"]);
  assert.throws(() => findWheel(two), /several wheels/);
});

const file = `/extensions/pivot/wheel/${WHEEL}`;

test("pip and uv are given a file, and never a name that an index would be asked for", () => {
  const ways = [true, false].flatMap((pip) =>
    [true, false].flatMap((replace) => installing(file, "/venv/bin/python", { pip }, replace)),
  );
  for (const command of ways) {
    assert.match(command.at(-1) ?? "", /^\/extensions\/.*\.whl(\[lsp\])?$/);
  }
});

test("what has the same version is replaced only if that is wanted", () => {
  const pip = ["/venv/bin/python", "-m", "pip", "install"];
  assert.deepEqual(installing(file, "/venv/bin/python", { pip: true }, false), [[...pip, `${file}[lsp]`]]);
  assert.deepEqual(installing(file, "/venv/bin/python", { pip: true }, true), [
    [...pip, "--force-reinstall", "--no-deps", file],
    [...pip, `${file}[lsp]`],
  ]);
});
