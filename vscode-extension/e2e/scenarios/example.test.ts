/** The first minute: a folder as `pivot-core init` makes it. */

import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

scenario("The example", { project: planets, file: "stages.py" }, async ({ window, project, step }) => {
  await step("lenses say that nothing was run yet", async () => {
    await window.seesLens(/never run/);
  });

  await step("a mistake is underlined while it is typed", async () => {
    await window.goTo(...place(project.read("stages.py"), "s.csv"));
    await window.page.keyboard.press("Delete");
    await window.squiggle("warning").first().waitFor();
  });

  await step("its fix is one key away", async () => {
    await window.page.keyboard.press("Control+.");
    await window.page.locator(".action-widget .monaco-list-row").first().waitFor();
  });

  await step("and mends it", async () => {
    await window.page.keyboard.press("Enter");
    await window.squiggle("warning").first().waitFor({ state: "hidden" });
  });
});

function planets(): Project {
  const project = Project.scaffold("planets");
  project.pivot("status");
  return project;
}
