/** The graphs that are open: at most one for each project. */
import * as vscode from "vscode";
import { COMMANDS } from "../commands";
import type { Given } from "../picking";
import { given, pickPipeline } from "../picking";
import type { Pipelines } from "../state";
import type { Kept } from "./messages";
import { GraphPanel } from "./panel";

const VIEW_TYPE = "pivot.graph";

export class Graphs implements vscode.WebviewPanelSerializer<Kept | undefined>, vscode.Disposable {
  private readonly byRoot = new Map<string, GraphPanel>();
  private readonly registered: vscode.Disposable[];

  constructor(
    private readonly pipelines: Pipelines,
    private readonly extension: vscode.Uri,
  ) {
    this.registered = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      vscode.commands.registerCommand(COMMANDS.showGraph, (argument?: Given | string) => this.show(argument)),
    ];
  }

  /** A graph that was open when the editor ended. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, kept: Kept | undefined): Promise<void> {
    if (kept?.root == null) {
      panel.dispose();
    } else {
      this.add(panel, kept.root);
    }
    return Promise.resolve();
  }

  dispose(): void {
    vscode.Disposable.from(...this.registered, ...this.byRoot.values()).dispose();
  }

  private async show(argument: Given | string | undefined): Promise<void> {
    const { root, stage } = typeof argument === "string" ? { root: argument } : given(argument);
    const wanted = root ?? (await pickPipeline(this.pipelines.all()))?.root;
    if (wanted === undefined) {
      return;
    }
    const graph = this.byRoot.get(wanted) ?? this.create(wanted);
    graph.show(stage);
  }

  private create(root: string): GraphPanel {
    const name = this.pipelines.get(root)?.name ?? "pipeline";
    return this.add(
      vscode.window.createWebviewPanel(VIEW_TYPE, `Graph of ${name}`, vscode.ViewColumn.Active),
      root,
    );
  }

  private add(panel: vscode.WebviewPanel, root: string): GraphPanel {
    this.byRoot.get(root)?.dispose();
    const graph = new GraphPanel(panel, root, this.pipelines, this.extension);
    this.byRoot.set(root, graph);
    graph.onDidDispose(() => {
      if (this.byRoot.get(root) === graph) {
        this.byRoot.delete(root);
      }
    });
    return graph;
  }
}
