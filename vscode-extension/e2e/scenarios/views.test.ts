/** Looking at a pipeline, instead of reading about it: the tree, the explanation, what changed, the graph. */

import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { flaws, THEMES, wear } from "../harness/accessibility.ts";
import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";
import { LIMIT, until } from "../harness/until.ts";

/** Everything was made, and then a helper was edited. */
function edited(): Project {
  const project = Project.scaffold("planets");
  project.pivot("run");
  project.edit("stages.py", "4 / 3 * math.pi", "4.2");
  return project;
}

/** Whether no part of it is beyond the left or the right edge of another. */
async function isInside(element: Locator, frame: Locator): Promise<boolean> {
  const [inner, outer] = [await element.boundingBox(), await frame.boundingBox()];
  return (
    inner !== null && outer !== null && inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width
  );
}

scenario("Views", { project: edited, file: "stages.py" }, async ({ window, project, step }) => {
  const { page } = window;
  const graph = window.webview();
  const node = (name: string): ReturnType<typeof graph.locator> => graph.locator(`[data-id="${name}"]`);

  await step("the tree has stages by what they need, with reasons", async () => {
    await window.pipeline();
    await window.tree(/^measure/).waitFor();
    await window
      .tree(/^measure/)
      .locator(".monaco-tl-twistie")
      .click();
    await window.tree(/^density/).waitFor();
  });

  await step("a stage explains itself", async () => {
    await window.command("Pivot: Explain Stage");
    await window.choose("measure");
    await graph
      .getByText(/density/)
      .first()
      .waitFor();
  });

  await step("what changed is shown side by side", async () => {
    await window.command("Pivot: What Changed Since the Last Run");
    await window.choose("measure");
    await page
      .locator(".monaco-diff-editor .char-insert, .monaco-diff-editor .line-insert")
      .first()
      .waitFor();
  });

  await step("the graph tells each stage's verdict", async () => {
    await window.command("View: Close All Editors");
    await window.command("Pivot: Show Graph");
    await node("measure").waitFor();
    assert.match((await node("measure").getAttribute("aria-label")) ?? "", /^measure, stale: .*density/);
    assert.match((await node("read_planets").getAttribute("aria-label")) ?? "", /^read_planets, fresh/);
  });

  await step("a click shows the code beside it", async () => {
    await node("measure").click();
    await page.locator(".tab").filter({ hasText: "stages.py" }).waitFor();
    await until("the stage's code", LIMIT, async () => (await window.text()).includes("def measure("));
  });

  await step("the graph fits into what is left to it", async () => {
    await until("all of the graph", LIMIT, async () => {
      const fits = await Promise.all(
        ["read_planets", "report"].map((name) => isInside(node(name), graph.locator("#frame"))),
      );
      return fits.every(Boolean);
    });
  });

  for (const theme of THEMES) {
    await step(`everybody can read it in ${theme}`, async () => {
      await wear(theme, window, project);
      assert.deepEqual(await flaws(window), []);
    });
  }

  await step("arrows go along the edges", async () => {
    await graph.locator("#graph").press("ArrowRight");
    await graph.locator('[data-id="report"].selected:focus[aria-current="true"]').waitFor();
    assert.match((await node("report").getAttribute("aria-label")) ?? "", /^report, waiting for measure/);
  });

  await step("run from there, it follows", async () => {
    await graph.getByRole("button", { name: "Run with Upstream" }).click();
    await graph.locator('[data-id="report"].fresh').waitFor();
    await graph.locator('[data-id="measure"].fresh').waitFor();
    // What is said to who doesn't see it.
    await until("news", LIMIT, async () =>
      /report: fresh|stages have changed/.test(await graph.locator("#news[aria-live]").innerText()),
    );
  });

  await step("it follows edits that aren't saved", async () => {
    await page.locator(".editor-instance .view-lines").first().click();
    await window.goTo(...place(project.read("stages.py"), "4.2"));
    await page.keyboard.type("1 + ");
    await graph.locator('[data-id="measure"].stale').waitFor();
    await window.undoAll();
    await graph.locator('[data-id="measure"].fresh').waitFor();
  });
});
