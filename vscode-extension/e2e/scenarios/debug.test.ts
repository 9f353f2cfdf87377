/** A stage under the debugger: it runs in a worker process, and stops there. */

import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

function made(): Project {
  const project = Project.scaffold("planets");
  project.pivot("run");
  return project;
}

scenario("Debugging", { project: made, file: "stages.py" }, async ({ window, project, step }) => {
  const { page } = window;
  const stages = project.read("stages.py");

  await step("a breakpoint in a helper", async () => {
    await window.seesLens(/^fresh · /);
    await window.goTo(...place(stages, 'return planet["mass_kg"]'));
    await page.keyboard.press("F9");
    await page.locator(".codicon-debug-breakpoint").first().waitFor();
  });

  await step("a stage that is debugged stops there, fresh or not", async () => {
    await window.command("Pivot: Debug Stage");
    await window.choose("measure");
    await page.locator(".debug-top-stack-frame-line").waitFor();
    const variables = page.locator(".debug-variables [role=treeitem]");
    await variables.filter({ hasText: "Locals" }).locator(".monaco-tl-twistie").click();
    await variables.filter({ hasText: "planet" }).first().waitFor();
  });

  await step("and goes on to its end", async () => {
    await window.goTo(...place(stages, 'return planet["mass_kg"]'));
    await page.keyboard.press("F9");
    await page.keyboard.press("F5");
    await page.locator(".debug-toolbar").waitFor({ state: "hidden" });
    await window.goTo(...place(stages, "def measure("));
    await page.locator(".testing-run-glyph.codicon-testing-passed-icon").first().waitFor();
    await window.seesLens(/^fresh · /);
  });
});
