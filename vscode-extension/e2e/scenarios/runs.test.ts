/** Stages that take long, and stages that fail. */

import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

const STAGES = `"""Two stages: one takes its time, the other divides by what isn't there."""

import time
from typing import Annotated

from pivot_core import loaders, outputs, progress


def simulate() -> Annotated[str, outputs.Out("build/steps.txt", loaders.Text())]:
    for step in progress.track(range(600), text="step"):
        print("at step", step, flush=True)
        time.sleep(0.1)
    return "600"


def average(
    numbers: Annotated[str, outputs.Dep("numbers.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("build/average.txt", loaders.Text())]:
    return str(mean([float(each) for each in numbers.split()]))


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)
`;

const PIPELINE = `from pivot_core import Pipeline

import stages

pipeline = Pipeline("runs")
pipeline.register(stages.simulate)
pipeline.register(stages.average)
`;

const TASKS = {
  version: "2.0.0",
  tasks: [
    { label: "average", type: "pivot", targets: ["average"], group: { kind: "build", isDefault: true } },
  ],
};

const given = {
  project: () =>
    Project.of("runs", {
      "stages.py": STAGES,
      "pipeline.py": PIPELINE,
      // That lint finds something in, though nobody opens it.
      "later.py": STAGES.replaceAll("average", "median"),
      "numbers.txt": "\n",
      ".vscode/tasks.json": JSON.stringify(TASKS),
      ".gitignore": "build/\n",
    }),
  file: "stages.py",
};

scenario("Runs", given, async ({ window, project, step }) => {
  const { page } = window;

  await step("a stage that runs says for how long", async () => {
    await window
      .lens(/^Run$/, /never run/)
      .first()
      .click();
    await window.seesLens(/^running… [1-9]/);
  });

  await step("Cancel ends it, and nothing is left of it", async () => {
    await window.press(window.lens("Cancel"));
    await window.seesLens(/^never run/);
  });

  await step("a stage that fails is an error at the line that raised", async () => {
    await window
      .lens(/^Run$/, /never run/)
      .nth(1)
      .click();
    await window.seesLens(/^failed: ZeroDivisionError/);
    await window.squiggle("error").first().waitFor();
  });

  await step("which a message tells, with a button that shows what it printed", async () => {
    const message = window.notification(
      "average failed with ZeroDivisionError: division by zero (stages.py:23).",
    );
    await message.getByRole("button", { name: "Show Output" }).click();
    await page.locator(".xterm-rows").filter({ hasText: "ZeroDivisionError" }).waitFor();
  });

  await step("which the problems tell", async () => {
    await (await window.problem(/ZeroDivisionError/)).waitFor();
  });

  await step("an edit of that line takes it for mended", async () => {
    await page.keyboard.press("Control+Shift+m");
    await window.goTo(...place(STAGES, "/ len"));
    await page.keyboard.press("End");
    await page.keyboard.type(" if numbers else 0.0");
    await window.squiggle("error").first().waitFor({ state: "hidden" });
  });

  await step("and it runs again", async () => {
    await window.save();
    await window.press(window.lens(/^Run$/, /failed/));
    await window.seesLens(/^fresh · /);
    project.read("build/average.txt");
  });

  await step("a task tells the problems, too, and leaves there what lint has found", async () => {
    project.write("numbers.txt", "one\n");
    const found = await window.problem(/median looks like a stage/);
    await found.waitFor();
    await page.keyboard.press("Control+Shift+b");
    await page.locator(".terminal-wrapper").waitFor();
    await (await window.problem(/average failed: ValueError.*pivot-core/)).waitFor();
    await found.waitFor();
  });
});
