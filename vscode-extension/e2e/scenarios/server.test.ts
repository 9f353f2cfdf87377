/** The language server dies, and comes back. */

import { Project } from "../harness/project.ts";
import { scenario } from "../harness/scenario.ts";
import { LIMIT, until } from "../harness/until.ts";

const given = { project: () => Project.scaffold("planets"), file: "stages.py" };

scenario("A server that is killed", given, async ({ window, project, server, step }) => {
  const languageServer = (): number | undefined => server.processes("-m pivot_lsp")[0];

  await step("lenses are there", async () => {
    await window.seesLens(/never run/);
  });

  await step("it is started again", async () => {
    const pid = languageServer();
    process.kill(pid ?? NaN, "SIGKILL");
    await until("another server", LIMIT, () => {
      const other = languageServer();
      return other !== undefined && other !== pid;
    });
  });

  await step("and sees what happens in a terminal", async () => {
    project.pivot("run", "read_planets");
    await window.seesLens(/^fresh · /);
  });
});
