/** What stages measure and draw, as pages in the editor; they follow the runs. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import type { Metrics } from "./metricsPage";
import { metricsPage } from "./metricsPage";
import { pickPipeline } from "./picking";
import type { Pipeline } from "./protocol";
import type { Pipelines } from "./state";

const LONGEST_MS = 60_000;
/** The page follows the theme of the system; here that of the editor counts. */
const COLOURS = `<style>:root { --ink: var(--vscode-editor-foreground); --paper: var(--vscode-editor-background);
  --card: var(--vscode-editorWidget-background); --edge: var(--vscode-editorWidget-border);
  --dim: var(--vscode-descriptionForeground) }
  body { font-family: var(--vscode-font-family); font-size: 13px }</style>`;

type Kind = "metric" | "plot";

const TITLES: Readonly<Record<Kind, string>> = { metric: "Metrics", plot: "Plots" };
const NONE: Readonly<Record<Kind, string>> = {
  metric: "Pivot: no stage has written metrics yet. They are outputs that are declared as outputs.Metric.",
  plot: "Pivot: no stage has drawn a plot yet. They are outputs that are declared as outputs.Plot.",
};

interface Page {
  readonly kind: Kind;
  readonly root: string;
  readonly panel: vscode.WebviewPanel;
  /** What it was made from. */
  shown: string;
  making: boolean;
}

export class Pages implements vscode.Disposable {
  private readonly pages = new Map<string, Page>();
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly pipelines: Pipelines,
    private readonly storage: vscode.Uri,
  ) {
    this.listening = pipelines.onDidChange(() => {
      this.pages.forEach((page) => void this.refresh(page).catch(() => undefined)); // it stays as it is
    });
  }

  /** All of a project's: of the one that is named, or that a person means. */
  async show(kind: Kind, root?: string): Promise<void> {
    const found = this.pipelines.all().filter((pipeline) => madeBy(pipeline, kind).length > 0);
    const chosen =
      found.find((pipeline) => pipeline.root === root) ?? (await pickPipeline(found, NONE[kind]));
    if (!chosen) {
      return;
    }
    const key = `${kind} ${chosen.root}`;
    const page = this.pages.get(key) ?? this.create(key, kind, chosen);
    page.panel.reveal();
    try {
      await this.refresh(page);
    } catch (error) {
      page.panel.dispose();
      void vscode.window.showErrorMessage(`Pivot: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  dispose(): void {
    this.listening.dispose();
    this.pages.forEach(({ panel }) => {
      panel.dispose();
    });
  }

  private create(key: string, kind: Kind, { root, name }: Pipeline): Page {
    const panel = vscode.window.createWebviewPanel(
      `pivot.${kind}s`,
      `${TITLES[kind]} of ${name}`,
      vscode.ViewColumn.Active,
      { enableFindWidget: true, enableCommandUris: [COMMANDS.openStage, COMMANDS.openFile] },
    );
    const page = { kind, root, panel, shown: "", making: false };
    this.pages.set(key, page);
    panel.onDidDispose(() => this.pages.delete(key));
    return page;
  }

  /** If what it shows may be another. */
  private async refresh(page: Page): Promise<void> {
    const pipeline = this.pipelines.get(page.root);
    const python = this.pipelines.server(page.root)?.interpreter?.path;
    const made = JSON.stringify(pipeline && madeBy(pipeline, page.kind));
    if (page.making || !pipeline || python === undefined || made === page.shown) {
      return;
    }
    page.making = true;
    try {
      page.panel.webview.html = await this.make(page.kind, pipeline, python);
      page.shown = made;
    } finally {
      page.making = false;
    }
    await this.refresh(page); // there may be something new by now
  }

  private async make(kind: Kind, pipeline: Pipeline, python: string): Promise<string> {
    const ask = (...args: string[]): Promise<string> =>
      run(python, ["-P", "-m", "pivot_core", ...args], pipeline.root);
    if (kind === "plot") {
      await vscode.workspace.fs.createDirectory(this.storage);
      const file = path.join(this.storage.fsPath, "plots.html");
      await ask("plots", "-q", "-o", file);
      const page = Buffer.from(await vscode.workspace.fs.readFile(vscode.Uri.file(file))).toString("utf8");
      return page.replace("</head>", `${COLOURS}</head>`);
    }
    let compared = true;
    const said = await ask("metrics", "--json", "--diff", "HEAD").catch(() => {
      compared = false; // it is in no git repository, or in one without a commit
      return ask("metrics", "--json");
    });
    const { metrics } = JSON.parse(said) as { metrics: Omit<Metrics, "uri">[] };
    const uri = (file: string): string => vscode.Uri.file(path.join(pipeline.root, file)).toString();
    return metricsPage({
      ...pipeline,
      compared,
      metrics: metrics.map((each) => ({ ...each, uri: uri(each.path) })),
    });
  }
}

/** The outputs of a kind that are there, and when they were made. */
function madeBy({ stages }: Pipeline, kind: Kind): [path: string, at: string | undefined][] {
  return stages.flatMap(({ outputs, lastRun }) =>
    outputs
      .filter((output) => output.kind === kind && output.exists)
      .map((output): [string, string | undefined] => [output.path, lastRun?.at]),
  );
}

function run(program: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { cwd, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error) {
          reject(new Error(stderr.trim() || error.message));
        } else {
          resolve(stdout);
        }
      },
    );
  });
}
