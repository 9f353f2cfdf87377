import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, relinked } from "../src/explanation";

test("links go from where the explanation is to the project, whatever its folders are called", () => {
  const text =
    "Defined at [a.py:3](file:///home/ann/my%20work%20%281%29/a.py#L3), not [here](https://x.org).";
  assert.equal(
    relinked(text, "/home/ann/.storage/why"),
    "Defined at [a.py:3](../../my%20work%20%281%29/a.py#L3), not [here](https://x.org).",
  );
});

test("code in an explanation is left as it is", () => {
  const code = '  -    URL = "[x](file:///a.py#L1)"';
  assert.equal(
    relinked(`- code: a [a.py:1](file:///p/a.py#L1)\n${code}`, "/p"),
    `- code: a [a.py:1](a.py#L1)\n${code}`,
  );
});

test("a stage's name makes one file's name", () => {
  assert.equal(fileName("train@../iris v2"), "train@..-iris-v2");
});
