/** The first minutes: a folder as `pivot-core init` makes it. */

import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

const given = { project: () => Project.scaffold("planets"), file: "stages.py" };

scenario("The example", given, async ({ window, project, step }) => {
  const { page } = window;
  const stages = project.read("stages.py");

  await step("lenses say that nothing was run yet", async () => {
    await window.seesLens(/never run/);
  });

  await step("a mistake is underlined while it is typed", async () => {
    await window.goTo(...place(stages, "s.csv"));
    await page.keyboard.press("Delete");
    await window.squiggle("warning").first().waitFor();
  });

  await step("its fix is one key away", async () => {
    await window.opens("Control+.", page.locator(".action-widget .monaco-list-row").first());
  });

  await step("and mends it", async () => {
    await page.keyboard.press("Enter");
    await window.squiggle("warning").first().waitFor({ state: "hidden" });
    await window.save();
  });

  await step("Run makes this stage, and its lens turns fresh", async () => {
    await window.press(window.lens(/^Run$/, /never run/));
    await window.seesLens(/^fresh · .* Run again/);
  });

  await step("Run with upstream makes what a stage needs first", async () => {
    await window.goTo(...place(stages, "report("));
    await window.press(window.lens("Run with upstream").last());
    await window.seesLens(/^fresh · /);
  });
});
