/** What somebody who helps needs to know, and nothing that says who asks. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Server } from "./server";
import type { Servers } from "./servers";
import type { Pipelines } from "./state";
import { counted } from "./wording";

const EXTENSIONS = ["ms-python.python", "ms-python.vscode-python-envs", "ms-python.debugpy"];

export async function copyDebugInformation(
  extension: vscode.Extension<unknown>,
  servers: Servers,
  pipelines: Pipelines,
): Promise<void> {
  const lines = [
    `- Pivot for VS Code ${version(extension)}`,
    `- ${vscode.env.appName} ${vscode.version}, ${process.platform} ${process.arch}${remote()}`,
    ...EXTENSIONS.map((id) => `- ${id} ${version(vscode.extensions.getExtension(id))}`),
    `- the workspace is ${vscode.workspace.isTrusted ? "" : "not "}trusted`,
    ...servers.all.flatMap((server) => [`- ${aboutServer(server)}`, ...aboutPipelines(server, pipelines)]),
  ];
  const text = lines.join("\n").replaceAll(homedir(), "~");
  await vscode.env.clipboard.writeText(`${text}\n`);
  void vscode.window.showInformationMessage("Pivot: the debug information is in the clipboard.");
}

function aboutServer({ health }: Server): string {
  const interpreter = "interpreter" in health ? health.interpreter : undefined;
  const python = "python" in health ? health.python : undefined;
  return [
    `server: ${health.kind}`,
    "why" in health ? health.why : "",
    interpreter ? `${interpreter.path} (by ${interpreter.source})` : "",
    python ? `Python ${python.version}, pivot-core ${python.pivot ?? "missing"}` : "",
    python && python.missing.length > 0 ? `without ${python.missing.join(", ")}` : "",
  ]
    .filter(Boolean)
    .join("; ");
}

function aboutPipelines(server: Server, pipelines: Pipelines): string[] {
  return pipelines
    .all()
    .filter(({ root }) => pipelines.server(root) === server)
    .map(({ state, why, stages }) => {
      const whether = why === null ? state : `${state} (${why})`;
      return `  - a pipeline that is ${whether}: ${counted(stages) || "no stages"}`;
    });
}

function version(extension: vscode.Extension<unknown> | undefined): string {
  return extension ? (extension.packageJSON as { version: string }).version : "isn't there";
}

function remote(): string {
  return vscode.env.remoteName === undefined ? "" : `, remote by ${vscode.env.remoteName}`;
}
