/**
 * In which Python the server runs: one that has nothing yet, another one, and that again after one click. Which it is, is
 * chosen as people do: in the Python extension, in that for environments, and in Pivot's own setting.
 */

import { spawnSync } from "node:child_process";
import { place, Project, PYTHON } from "../harness/project.ts";
import type { Settings } from "../harness/codeserver.ts";
import { scenario } from "../harness/scenario.ts";
import { LIMIT, until } from "../harness/until.ts";

const OWN = ".venv/bin/python";

/** What it reads and writes is beside the point. */
function bare(): Project {
  const project = Project.scaffold("planets");
  const made = spawnSync(PYTHON, ["-m", "venv", project.path(".venv")], { encoding: "utf8" });
  if (made.status !== 0) {
    throw new Error(made.stderr);
  }
  choose(project, { "python.defaultInterpreterPath": project.path(OWN) });
  return project;
}

/** Without what all scenarios are run in, as far as it isn't named. */
function choose(project: Project, settings: Settings): void {
  project.write(".vscode/settings.json", JSON.stringify({ "pivot.interpreter": "", ...settings }));
}

scenario("Interpreters", { project: bare, file: "stages.py" }, async ({ window, project, server, step }) => {
  const { page } = window;
  const runsIn = (python: string): Promise<number> =>
    until(`a server in ${python}`, LIMIT, () => server.processes(python, "-m pivot_lsp")[0]);
  const ended = (pid: number): Promise<boolean> =>
    until("the end of a server", LIMIT, () => !server.processes("-m pivot_lsp").includes(pid));
  let first = NaN;

  await step("the one of the Python extension hasn't got Pivot: that is said, with a button", async () => {
    await window.notification(/Pivot isn't installed in the Python of planets/).waitFor();
  });

  await step("with another one chosen there, the server runs in that", async () => {
    choose(project, { "python.defaultInterpreterPath": PYTHON });
    first = await runsIn(PYTHON);
    await window.seesLens(/never run/);
  });

  await step("back in the first by Pivot's setting, it has ended", async () => {
    choose(project, {
      "python.defaultInterpreterPath": PYTHON,
      "pivot.interpreter": `\${workspaceFolder}/${OWN}`,
    });
    await ended(first);
  });

  await step("the button installs what the extension brought, and the server starts", async () => {
    await window.goTo(...place(project.read("stages.py"), "def read_planets("));
    await page
      .locator(".notification-toast")
      .filter({ hasText: "Pivot isn't installed" })
      .getByRole("button", { name: "Install" })
      .click();
    await page.locator(".terminal-wrapper").waitFor();
    await runsIn(project.path(OWN));
    await window.seesLens(/never run/, 4 * LIMIT);
  });

  await step("stages run in it", async () => {
    await window
      .lens(/^Run$/, /never run/)
      .first()
      .click();
    await window.seesLens(/^fresh · /);
  });

  await step("the extension for environments comes before the Python extension", async () => {
    const second = await runsIn(project.path(OWN));
    choose(project, { "python.defaultInterpreterPath": PYTHON });
    await ended(second);
    first = await runsIn(PYTHON);
    choose(project, { "python.defaultInterpreterPath": PYTHON, "python.useEnvironmentsExtension": true });
    await ended(first);
    await runsIn(project.path(OWN));
  });
});
