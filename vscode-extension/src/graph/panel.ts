/** One graph, beside the code, for as long as somebody wants to see it. */
import * as vscode from "vscode";
import { COMMANDS } from "../commands";
import { codeLocation } from "../places";
import type { Stage } from "../protocol";
import type { Pipelines } from "../state";
import { page } from "./html";
import type { Deed, FromPage, ToPage } from "./messages";

const DOES: Readonly<Record<Exclude<Deed, "open" | "show">, string>> = {
  run: COMMANDS.runStage,
  runWithUpstream: COMMANDS.runWithUpstream,
  cancel: COMMANDS.cancelStage,
  explain: COMMANDS.explainStage,
  compare: COMMANDS.showChanges,
};

export class GraphPanel {
  readonly onDidDispose: vscode.Event<void>;
  private readonly listening: vscode.Disposable[];
  /** The page is there, and has asked to be told. */
  private ready = false;
  private wanted: string | undefined;

  constructor(
    private readonly panel: vscode.WebviewPanel,
    readonly root: string,
    private readonly pipelines: Pipelines,
    extension: vscode.Uri,
  ) {
    this.onDidDispose = panel.onDidDispose;
    this.listening = [
      panel.webview.onDidReceiveMessage((message: FromPage) => void this.handle(message)),
      panel.onDidChangeViewState(() => {
        this.ready &&= panel.visible; // the page is dropped while it is hidden, and made again
      }),
      pipelines.onDidChange((changed) => {
        if (changed === undefined || changed === root) {
          this.update();
        }
      }),
    ];
    panel.onDidDispose(() => {
      vscode.Disposable.from(...this.listening).dispose();
    });
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(extension, "dist")],
    };
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extension, "media", `graph-${theme}.svg`);
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    panel.webview.html = page(panel.webview, extension);
  }

  show(stage: string | undefined): void {
    this.wanted = stage;
    this.panel.reveal(undefined);
    this.revealWanted();
  }

  dispose(): void {
    this.panel.dispose();
  }

  private update(): void {
    if (this.ready) {
      const pipeline = this.pipelines.get(this.root) ?? null;
      this.panel.title = pipeline ? `Graph of ${pipeline.name}` : this.panel.title;
      this.send({ kind: "pipeline", root: this.root, pipeline });
    }
  }

  private revealWanted(): void {
    if (this.ready && this.wanted !== undefined) {
      this.send({ kind: "reveal", stage: this.wanted });
      this.wanted = undefined;
    }
  }

  private send(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }

  private async handle(message: FromPage): Promise<void> {
    if (message.kind === "ready") {
      this.ready = true;
      this.update();
      this.revealWanted();
      return;
    }
    const stage = this.pipelines.stage(this.root, message.stage);
    if (!stage) {
      return; // the pipeline has become another since
    }
    if (message.kind === "do") {
      await this.act(message.deed, stage);
    } else if (message.kind === "reason") {
      const place = stage.reasons[message.index]?.location;
      await (place && this.open(codeLocation(place), false));
    } else {
      const file = [...stage.inputs, ...stage.outputs].find(({ path }) => path === message.path);
      await (file &&
        vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(file.uri, true), this.beside()));
    }
  }

  private async act(deed: Deed, stage: Stage): Promise<void> {
    if (deed === "open" || deed === "show") {
      await this.open(codeLocation(stage.location), deed === "show");
    } else {
      await vscode.commands.executeCommand(DOES[deed], { root: this.root, stage: stage.name });
    }
  }

  private async open({ uri, range }: vscode.Location, preserveFocus: boolean): Promise<void> {
    await vscode.window.showTextDocument(uri, { selection: range, preserveFocus, viewColumn: this.beside() });
  }

  /** A column that isn't the graph's: one with code in it, or a new one. */
  private beside(): vscode.ViewColumn {
    const others = vscode.window.tabGroups.all.filter(
      ({ viewColumn }) => viewColumn !== this.panel.viewColumn,
    );
    const code = others.find(({ activeTab }) => activeTab?.input instanceof vscode.TabInputText);
    return (code ?? others[0])?.viewColumn ?? vscode.ViewColumn.Beside;
  }
}
