import assert from "node:assert/strict";
import { test } from "node:test";
import { Transcript } from "../src/transcript";

/** Without colours, with \n. */
function plain(text: string): string {
  return text.replaceAll(/\x1b\[\d+m/g, "").replaceAll("\r\n", "\n"); // eslint-disable-line no-control-regex
}

test("with several stages each line says whose it is, also when it comes in pieces", () => {
  const transcript = new Transcript(true);
  const said = ["loss 0.", "3\nloss 0.2\n"].map((piece) => transcript.say("train", piece)).join("");
  assert.equal(plain(said), "[train] loss 0.3\n[train] loss 0.2\n");
});

test("a line that another stage cuts off ends there", () => {
  const transcript = new Transcript(true);
  const said = transcript.say("a", "one") + transcript.say("b", "two\n") + transcript.say("a", "three\n");
  assert.equal(plain(said), "[a] one\n[b] two\n[a] three\n");
});

test("one stage's output is as it printed it, but for the ends of lines", () => {
  const transcript = new Transcript(false);
  assert.equal(transcript.say("a", "10 %\r20 %\nöä\n\n"), "10 %\r20 %\r\nöä\r\n\r\n");
});

test("a remark never goes on in the middle of somebody's line", () => {
  const transcript = new Transcript(false);
  assert.equal(transcript.say("a", "half") + transcript.note("a: ran"), "half\r\na: ran\r\n");
  assert.equal(transcript.say("a", "more\n"), "more\r\n");
});
