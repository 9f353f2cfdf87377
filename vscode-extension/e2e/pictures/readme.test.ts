/** The pictures in README.md, docs/ and the extension's README: `make pictures`, in the dark and the light theme. */

import { join } from "node:path";
import type { Page } from "playwright-core";
import { place, Project, REPOSITORY } from "../harness/project.ts";
import { scenario, THEME } from "../harness/scenario.ts";

const IMAGES = join(REPOSITORY, "docs", "images");

/** What is beside the point is left out. */
const PLAIN = {
  "breadcrumbs.enabled": false,
  "diffEditor.renderOverviewRuler": false,
  "diffEditor.wordWrap": "off",
  "editor.fontSize": 13,
  "editor.guides.indentation": false,
  "editor.hideCursorInOverviewRuler": true,
  "editor.matchBrackets": "never",
  "editor.occurrencesHighlight": "off",
  "editor.overviewRulerBorder": false,
  "editor.renderLineHighlight": "none",
  "editor.scrollBeyondLastLine": false,
  "editor.scrollbar.horizontal": "hidden",
  "editor.scrollbar.vertical": "hidden",
  "editor.stickyScroll.enabled": false,
  "workbench.editor.editorActionsLocation": "hidden",
};

/** Without the bars at the top and the bottom of the window. */
async function take(page: Page, name: string, of: "editors" | "all"): Promise<void> {
  await page.mouse.move(0, 0);
  const editors = await page.locator(".part.editor").boundingBox();
  if (!editors) {
    throw new Error("there are no editors");
  }
  const clip = of === "all" ? { ...editors, x: 0, width: editors.x + editors.width } : editors;
  await page.screenshot({
    path: join(IMAGES, `vscode-${name}-${THEME}.png`),
    clip,
    animations: "disabled",
    caret: "hide",
  });
}

const STAGES = `from typing import Annotated

import pandas as pd
from pivot_core import loaders, outputs


def clean(
    raw: Annotated[pd.DataFrame, outputs.Dep("raw.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("clean.csv", loaders.CSV())]:
    return raw.dropna()


def features(
    rows: Annotated[pd.DataFrame, outputs.Dep("clean.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("features.csv", loaders.CSV())]:
    return normalise(rows)


def normalise(rows: pd.DataFrame) -> pd.DataFrame:
    return (rows - rows.mean()) / rows.std()


def train(
    table: Annotated[pd.DataFrame, outputs.Dep("features.csv", loaders.CSV())],
) -> Annotated[dict[str, float], outputs.Out("model.json", loaders.JSON())]:
    return table.corr()["weight"].round(3).to_dict()
`;

const PIPELINE = `from pivot_core import Pipeline
import stages

pipeline = Pipeline("weights")
pipeline.register(stages.clean)
pipeline.register(stages.features)
pipeline.register(stages.train)
`;

function weights(): Project {
  const project = Project.of("weights", {
    "stages.py": STAGES,
    "pipeline.py": PIPELINE,
    "raw.csv": "height,weight\n1.7,60\n1.8,75\n1.9,\n1.6,55\n",
  });
  project.pivot("run");
  return project;
}

const lenses = {
  project: weights,
  file: "stages.py",
  size: { width: 860, height: 530, density: 2 },
  settings: PLAIN,
};

scenario("Pictures of an edit", lenses, async ({ window, step }) => {
  const { page } = window;

  await step("an edit that isn't saved, and what it makes stale", async () => {
    await window.seesLens(/^fresh/);
    await page.keyboard.press("Control+b");
    await window.goTo(...place(STAGES, "rows.std()"));
    await page.keyboard.press("Shift+End");
    await page.keyboard.type("(rows.max() - rows.min()");
    await window.seesLens(/^stale: stages.normalise changed/);
    await window.seesLens(/^waiting for features/);
    await take(page, "lenses", "editors");
  });

  await step("the tree and the difference", async () => {
    await page.setViewportSize({ width: 1040, height: 700 });
    await window.pipeline();
    await page.setViewportSize({ width: 1040, height: 380 });
    await window
      .tree(/^features/)
      .locator(".monaco-tl-twistie")
      .click();
    await window.tree(/^normalise/).waitFor();
    await window.command("Pivot: What Changed Since the Last Run");
    await window.choose("features");
    await page.locator(".monaco-diff-editor .char-insert").first().waitFor();
    await take(page, "changes", "all");
  });
});

const LEARN = "src/penguins/learn.py";

function penguins(): Project {
  const project = Project.example("penguins");
  project.pivot("run");
  project.edit(LEARN, "C=1 / params.penalty", "C=2 / params.penalty");
  return project;
}

const graphs = {
  project: penguins,
  file: LEARN,
  size: { width: 1000, height: 600, density: 2 },
  settings: PLAIN,
};

scenario("Picture of the graph", graphs, async ({ window, step }) => {
  const { page } = window;
  const graph = window.webview();

  await step("the graph", async () => {
    await page.getByLabel("7 of 11 stages aren't fresh").first().waitFor();
    await page.keyboard.press("Control+b");
    await window.command("Pivot: Show Graph");
    await window.command("View: Close Other Editors in Group");
    await graph.getByRole("searchbox").fill("train@logistic");
    await graph.getByRole("searchbox").press("Enter");
    await graph.locator('[data-id="train@logistic"].selected').waitFor();
    await graph.getByRole("searchbox").fill("");
    await graph.getByRole("button", { name: "Fit" }).click();
    await take(page, "graph", "editors");
  });
});
