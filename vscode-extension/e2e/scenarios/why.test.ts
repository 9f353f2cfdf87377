/** An edit, and what it means: before anything is saved, and before anything runs. */

import assert from "node:assert/strict";
import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

function made(): Project {
  const project = Project.scaffold("planets");
  project.pivot("run");
  return project;
}

/** In the browser, whose names aren't known here. */
function colourOf(element: unknown): string {
  const { getComputedStyle } = globalThis as unknown as {
    getComputedStyle: (element: unknown) => { color: string };
  };
  return getComputedStyle(element).color;
}

scenario("Why", { project: made, file: "stages.py" }, async ({ window, project, step }) => {
  const { page } = window;
  const stages = project.read("stages.py");

  await step("all is fresh", async () => {
    await window.seesLens(/^fresh · /);
    await window.goTo(...place(stages, "mean = "));
    await window.seesLens(/^fresh · /);
  });

  await step("a helper edited without saving makes the stage that calls it stale, by its name", async () => {
    await window.goTo(...place(stages, "math.pi * planet"));
    await page.keyboard.type("2 * ");
    await window.goTo(...place(stages, "mean = "));
    await window.seesLens(/^stale: stages.density changed \| Run \| Explain/);
    await window.seesLens(/^waiting for measure /);
    assert.equal(project.read("stages.py"), stages);
  });

  await step("Explain says so at length, and shows the edit", async () => {
    await window.lens("Explain", /density changed/).click();
    const explanation = window.webview();
    await explanation.getByRole("heading", { name: "measure is stale" }).waitFor();
    await explanation.locator(".hljs-addition", { hasText: "2 * math.pi" }).waitFor();
    const colour = (selector: string): Promise<string> =>
      explanation.locator(selector).first().evaluate(colourOf);
    assert.equal(await colour(".hljs-deletion"), await colour("h1"));
  });

  await step("its links go to the code", async () => {
    await window
      .webview()
      .getByRole("link", { name: /^stages\.py:/ })
      .last()
      .click();
    await page.locator(".tab.active").filter({ hasText: "stages.py" }).waitFor();
    const [line] = place(stages, "def density(");
    await page
      .locator(".statusbar-item")
      .filter({ hasText: `Ln ${line},` })
      .waitFor();
  });

  await step("undone, it is fresh again, and nothing ran", async () => {
    await window.undoAll();
    await window.goTo(...place(stages, "mean = "));
    await window.seesLens(/^fresh · /);
  });

  await step("Run saves what it is to see", async () => {
    await window.goTo(...place(stages, "math.pi * planet"));
    await page.keyboard.type("3 * ");
    await window.goTo(...place(stages, "mean = "));
    await window.seesLens(/^stale: /);
    await window.press(window.lens(/^Run$/, /density changed/));
    await window.seesLens(/^fresh · .* just now/);
    assert.match(project.read("stages.py"), /3 \* math\.pi/);
  });
});
