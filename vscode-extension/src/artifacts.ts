/** What stages measure and draw, in the editor. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Output } from "./protocol";
import type { Pipelines } from "./state";

const LONGEST_MS = 60_000;
/** The page follows the theme of the system; here that of the editor counts. */
const COLOURS = `<style>:root { --ink: var(--vscode-editor-foreground); --paper: var(--vscode-editor-background);
  --card: var(--vscode-editorWidget-background); --edge: var(--vscode-editorWidget-border);
  --dim: var(--vscode-descriptionForeground) }</style>`;

/** The file, or one that a person picks. */
export async function openMetrics(pipelines: Pipelines): Promise<void> {
  const items = pipelines.all().flatMap(({ stages }) =>
    stages.flatMap(({ name, outputs }) =>
      outputs
        .filter((output) => output.kind === "metric" && output.exists)
        .map((output) => ({
          label: output.path,
          description: name,
          uri: vscode.Uri.parse(output.uri, true),
        })),
    ),
  );
  const [only] = items;
  if (!only) {
    void vscode.window.showInformationMessage(
      "Pivot: no stage has written metrics yet. They are outputs that are declared as outputs.Metric.",
    );
    return;
  }
  const chosen = items.length === 1 ? only : await vscode.window.showQuickPick(items);
  if (chosen) {
    await vscode.commands.executeCommand("vscode.open", chosen.uri);
  }
}

/** All plots of a project on one page: that of `pivot-core plots`. */
export async function showPlots(pipelines: Pipelines, storage: vscode.Uri, root?: string): Promise<void> {
  const found = pipelines
    .all()
    .filter((pipeline) => pipeline.stages.some(({ outputs }) => outputs.some(isDrawn)));
  const chosen = found.find((pipeline) => pipeline.root === root) ?? found[0];
  const python = chosen && pipelines.server(chosen.root)?.interpreter?.path;
  if (!chosen || python === undefined) {
    void vscode.window.showInformationMessage(
      "Pivot: no stage has drawn a plot yet. They are outputs that are declared as outputs.Plot.",
    );
    return;
  }
  try {
    const page = await draw(python, chosen.root, storage.fsPath);
    const panel = vscode.window.createWebviewPanel(
      "pivot.plots",
      `Plots of ${chosen.name}`,
      vscode.ViewColumn.Active,
    );
    panel.webview.html = page.replace("</head>", `${COLOURS}</head>`);
  } catch (error) {
    void vscode.window.showErrorMessage(`Pivot: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isDrawn({ kind, exists }: Output): boolean {
  return kind === "plot" && exists;
}

async function draw(python: string, root: string, storage: string): Promise<string> {
  await vscode.workspace.fs.createDirectory(vscode.Uri.file(storage));
  const file = path.join(storage, "plots.html");
  await new Promise<void>((resolve, reject) => {
    const args = ["-P", "-m", "pivot_core", "plots", "-q", "-o", file];
    execFile(python, args, { cwd: root, timeout: LONGEST_MS }, (error, _stdout, stderr) => {
      if (error) {
        reject(new Error(stderr.trim() || error.message));
      } else {
        resolve();
      }
    });
  });
  return Buffer.from(await vscode.workspace.fs.readFile(vscode.Uri.file(file))).toString("utf8");
}
