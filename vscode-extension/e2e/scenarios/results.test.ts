/** What stages measure and draw, in the editor; in one of two folders, both with a pipeline. */

import assert from "node:assert/strict";
import { flawsOfText, THEMES, wear } from "../harness/accessibility.ts";
import { Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

const STAGES = `from typing import Annotated, TypedDict

from pivot_core import StageParams, loaders, outputs


class Params(StageParams):
    rate: float


class Training(TypedDict):
    scores: Annotated[dict[str, float], outputs.Metric("build/scores.json")]
    curve: Annotated[list[dict[str, float]], outputs.Plot("build/curve.json", loaders.JSON())]


def train(text: Annotated[str, outputs.Dep("raw.txt", loaders.Text())], params: Params) -> Training:
    loss = [len(text) / (1 + params.rate * step) for step in range(20)]
    return {
        "scores": {"accuracy": 1 - loss[-1] / len(text), "steps": len(loss)},
        "curve": [{"step": step, "loss": each} for step, each in enumerate(loss)],
    }


def summarise(text: Annotated[str, outputs.Dep("raw.txt", loaders.Text())]) -> Annotated[
    dict[str, int], outputs.Metric("build/summary.json")
]:
    return {"characters": len(text), "lines": len(text.splitlines())}
`;

const PIPELINE = `from pivot_core import Pipeline

import stages

pipeline = Pipeline("results")
pipeline.register(stages.summarise)
for name, rate in {"slow": 0.1, "fast": 0.5, "faster": 2.0}.items():
    pipeline.register(
        stages.train,
        name=f"train@{name}",
        params=stages.Params(rate=rate),
        outs={"scores": f"build/scores/{name}.json", "curve": f"build/curves/{name}.json"},
    )
`;

const BOTH = "both.code-workspace";

const OTHER = `from typing import Annotated

from pivot_core import Pipeline, loaders, outputs


def copy(text: Annotated[str, outputs.Dep("raw.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("copy.txt", loaders.Text())
]:
    return text


pipeline = Pipeline("copies")
pipeline.register(copy)
`;

function made(): Project {
  const project = Project.of("results", {
    "stages.py": STAGES,
    "pipeline.py": PIPELINE,
    "raw.txt": "to be\nor not to be\n",
    ".gitignore": "build/\n",
    "../copies/pipeline.py": OTHER,
    "../copies/raw.txt": "to be\n",
    [BOTH]: JSON.stringify({ folders: [{ path: "." }, { path: "../copies" }] }),
  });
  project.pivot("run");
  return project;
}

scenario(
  "Results",
  { project: made, file: "stages.py", workspace: BOTH },
  async ({ window, project, step }) => {
    const { page } = window;
    const shown = window.webview();

    await step("each folder has its pipeline", async () => {
      await window.pipeline();
      for (const name of [/^copies\s*1 stage$/, /^results\s*4 stages$/]) {
        await window.tree(name).waitFor();
      }
    });

    await step("metrics are a page, with variants side by side", async () => {
      await window.seesLens(/fresh/);
      await window.command("Pivot: Show Metrics");
      await shown.getByRole("heading", { name: "Metrics of results" }).waitFor();
      await shown.getByRole("row", { name: /^faster 0\.974359 20/ }).waitFor();
      await shown.getByRole("row", { name: /^lines 2/ }).waitFor();
    });

    const everybodyCanRead = async (): Promise<void> => {
      for (const theme of THEMES) {
        await wear(theme, window, project, BOTH);
        assert.deepEqual(await flawsOfText(window), [], theme);
      }
    };

    await step("which everybody can read in any theme", everybodyCanRead);

    await step("which follows a run", async () => {
      project.write("raw.txt", "to be\nor not to be\nthat is\n");
      project.pivot("run");
      await shown.getByRole("row", { name: /^lines 3/ }).waitFor();
    });

    await step("and leads to the files and the code", async () => {
      await shown.getByRole("link", { name: "build/scores/fast.json" }).click();
      await page.locator(".tab.active").filter({ hasText: "fast.json" }).waitFor();
      await page.locator(".tab").filter({ hasText: "Metrics of results" }).click();
      await shown.getByRole("link", { name: "summarise" }).click();
      await page.locator(".tab.active").filter({ hasText: "stages.py" }).waitFor();
    });

    await step("plots are a page", async () => {
      await window.command("Pivot: Show Plots");
      await shown.getByRole("heading", { name: /train@slow/ }).waitFor();
    });

    await step("which everybody can read in any theme, too", everybodyCanRead);
  },
);
