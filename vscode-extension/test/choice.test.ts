import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, expand, isInside, outermost } from "../src/choice";

const FOLDER = "/home/ann/project";
const ALL = {
  setting: "/opt/python/bin/python",
  environments: "/envs/one/bin/python",
  python: "/envs/two/bin/python",
  folder: `${FOLDER}/.venv/bin/python`,
  path: "/usr/bin/python3",
};

test("what a person has set counts most, what is only there least", () => {
  const left: Partial<typeof ALL> = { ...ALL };
  const order: (string | undefined)[] = [];
  for (let chosen = choose(left, true, [FOLDER]); chosen; chosen = choose(left, true, [FOLDER])) {
    order.push(chosen.source);
    Reflect.deleteProperty(left, chosen.source);
  }
  assert.deepEqual(order, ["setting", "environments", "python", "folder", "path"]);
});

test("without trust no interpreter from inside any open folder is chosen", () => {
  const known = { python: "/home/ann/other/env/bin/python", folder: ALL.folder, path: ALL.path };
  assert.deepEqual(choose(known, false, [FOLDER, "/home/ann/other"]), { path: ALL.path, source: "path" });
  assert.equal(choose({ folder: ALL.folder }, false, [FOLDER]), undefined);
});

test("a folder whose name begins like another's is not in it", () => {
  assert.equal(isInside("/home/ann/project-2/x.py", FOLDER), false);
  assert.equal(isInside("/home/ann/project/a/x.py", FOLDER), true);
  assert.equal(isInside(FOLDER, FOLDER), true);
  assert.equal(isInside("/home/ann/project/..x.py", FOLDER), true);
});

test("the setting may be relative, at home, in the folder, or a name to look for", () => {
  const expanded = ["~/env/bin/python", "env/bin/python", "${workspaceFolder}/.v/bin/python", "python3.12"];
  assert.deepEqual(
    expanded.map((setting) => expand(setting, FOLDER, "/home/ann")),
    ["/home/ann/env/bin/python", `${FOLDER}/env/bin/python`, `${FOLDER}/.v/bin/python`, "python3.12"],
  );
});

test("a folder within another one that is open, too, is served with it", () => {
  assert.deepEqual(outermost(["/a/b", "/a", "/c"]), ["/a", "/c"]);
});
