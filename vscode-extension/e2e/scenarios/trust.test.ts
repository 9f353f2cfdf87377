/** A folder from somebody else: it can be read, and nothing of it runs. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { place, Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";

function foreign(): Project {
  const project = Project.scaffold("foreign");
  project.pivot("run");
  const text = project.read("stages.py");
  const trap = 'import pathlib\n\npathlib.Path(__file__).with_name("trap").write_text("sprung")\n\n\n';
  project.write("stages.py", text.replace("class Planet(", `${trap}class Planet(`));
  return project;
}

const given = {
  project: foreign,
  file: "stages.py",
  settings: {
    "security.workspace.trust.enabled": true,
    "security.workspace.trust.startupPrompt": "never",
  },
};

scenario("A folder that isn't trusted", given, async ({ window, project, step }) => {
  const { page } = window;
  const stages = project.read("stages.py");

  await step("verdicts are shown, and nothing offers to run", async () => {
    await window.seesLens(/fresh|stale/);
    assert.ok((await window.lenses()).every((line) => !line.includes("Run")));
  });

  await step("mistakes are underlined", async () => {
    await window.goTo(...place(stages, "s.csv"));
    await page.keyboard.press("Delete");
    await window.squiggle("warning").first().waitFor();
    await page.keyboard.press("Control+z");
  });

  await step("nothing of it was run", () => {
    assert.ok(!existsSync(project.path("trap")));
    return Promise.resolve();
  });

  await step("when it is trusted, it can be run", async () => {
    await window.command("Workspaces: Manage Workspace Trust");
    await page
      .getByRole("button", { name: /^Trust$/ })
      .first()
      .click();
    await page.keyboard.press("Escape");
    await window.seesLens(/Run/);
  });
});
