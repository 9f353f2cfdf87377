/** A pipeline of two hundred stages. */

import assert from "node:assert/strict";
import { Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

const STAGES = `from typing import Annotated

from pivot_core import StageParams, loaders, outputs


class Params(StageParams):
    rate: float


def clean(raw: Annotated[str, outputs.Dep("raw.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("build/clean.txt", loaders.Text())
]:
    return raw.strip()


def split(text: Annotated[str, outputs.Dep("build/clean.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("build/split.txt", loaders.Text())
]:
    return text


def train(
    text: Annotated[str, outputs.Dep("build/split.txt", loaders.Text())], params: Params
) -> Annotated[str, outputs.Out("build/model.txt", loaders.Text())]:
    return f"{text} {params.rate}"


def evaluate(model: Annotated[str, outputs.Dep("build/model.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("build/score.txt", loaders.Text())
]:
    return model
`;

const PIPELINE = `from pivot_core import Pipeline

import stages

pipeline = Pipeline("sweep")
pipeline.register(stages.clean)
pipeline.register(stages.split)
for step in range(99):
    model = f"build/models/{step}.txt"
    pipeline.register(
        stages.train, name=f"train@{step}", params=stages.Params(rate=step / 100), outs={"return": model}
    )
    pipeline.register(
        stages.evaluate,
        name=f"evaluate@{step}",
        deps={"model": model},
        outs={"return": f"build/scores/{step}.txt"},
    )
`;

const given = {
  project: () => Project.of("sweep", { "stages.py": STAGES, "pipeline.py": PIPELINE, "raw.txt": "1 2 3\n" }),
  file: "stages.py",
};

scenario("Two hundred stages", given, async ({ window, step }) => {
  const graph = window.webview();

  await step("variants of a stage are one until somebody wants to see them", async () => {
    await window.seesLens(/^99 stages/);
    await window.command("Pivot: Show Graph");
    await graph.locator('[data-id="train@*"]').waitFor();
    assert.equal(await graph.locator(".node").count(), 4);
  });

  await step("one is found by its name", async () => {
    await graph.getByRole("searchbox").fill("train@42");
    await graph.getByRole("searchbox").press("Enter");
    await graph.locator('[data-id="train@42"].selected').waitFor();
  });

  await step("all of them can be seen at once", async () => {
    await graph.getByRole("searchbox").fill("");
    await graph.getByRole("button", { name: "Fold variants" }).click();
    await graph.getByRole("button", { name: "Fold variants" }).click();
    await graph.getByRole("button", { name: "Fit" }).click();
    assert.equal(await graph.locator(".node").count(), 200);
    const { height = 0 } = (await graph.locator('[data-id="train@42"]').boundingBox()) ?? {};
    assert.ok(height > 15, `a name of ${height} pixels can't be read`);
  });
});
