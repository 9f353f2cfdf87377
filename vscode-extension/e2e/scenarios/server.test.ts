/** The language server dies, and comes back; in a folder of a project that begins above it. */

import { Project, PYTHON } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";
import { LIMIT, until } from "../harness/until.ts";

const STAGES = `from typing import Annotated

from pivot_core import loaders, outputs


def copy(text: Annotated[str, outputs.Dep("raw.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("copy.txt", loaders.Text())
]:
    return text
`;

const PIPELINE = `from pivot_core import Pipeline

from part import stages

pipeline = Pipeline("whole")
pipeline.register(stages.copy)
`;

const given = {
  project: () =>
    Project.of("part", {
      "stages.py": STAGES,
      // An older one, which isn't the project's.
      "pipeline.py": PIPELINE,
      "../pipeline.py": PIPELINE,
      "../.pivot/config.yaml": "",
      "../raw.txt": "to be\n",
    }),
};

scenario("A server that is killed", given, async ({ window, project, server, step }) => {
  const { page } = window;
  const languageServer = (): number | undefined => server.processes("-m pivot_lsp")[0];

  await step("no pipeline begins in the folder, and nobody waits for one", async () => {
    await window.pipeline();
    await page.locator(".pane-body").filter({ hasText: "There is no pipeline in this folder yet" }).waitFor();
  });

  await step("lenses are there", async () => {
    await window.open("stages.py");
    await window.seesLens(/never run/);
  });

  await step("the view shows the project that the folder is a part of", async () => {
    await window.tree(/^copy/).waitFor();
  });

  await step("the log says what runs, and where", async () => {
    await window.command("Pivot: Show Log");
    await window.output(`part: the server runs in ${PYTHON} (Python 3.`);
  });

  await step("it is started again", async () => {
    const pid = languageServer();
    process.kill(pid ?? NaN, "SIGKILL");
    await until("another server", LIMIT, () => {
      const other = languageServer();
      return other !== undefined && other !== pid;
    });
  });

  await step("which the log says, too", async () => {
    await window.output("part: the server has ended, and is started again in");
  });

  await step("and sees what happens in a terminal", async () => {
    project.pivot("run", "copy");
    await window.seesLens(/^fresh · /);
  });
});
