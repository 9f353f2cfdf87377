/** The view of the pipeline in the side bar. What it says is in outline.ts. */
import * as vscode from "vscode";
import { COMMANDS } from "./commands";
import type { Node } from "./outline";
import { outline } from "./outline";
import { codeLocation } from "./places";
import type { Pipelines } from "./state";

export class PipelineView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly view: vscode.TreeView<Node>;
  private readonly listening: { dispose(): unknown }[];
  private readonly parents = new Map<string, Node>();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly pipelines: Pipelines) {
    const redraw = (): void => {
      this.changed.fire(undefined);
      this.view.badge = badge(pipelines);
    };
    this.view = vscode.window.createTreeView("pivot.pipeline", {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.listening = [this.view, pipelines.onDidChange(redraw)];
  }

  getChildren(node?: Node): Node[] {
    if (node) {
      return [...node.children];
    }
    this.parents.clear();
    const roots = outline(this.pipelines.all(), Date.now());
    roots.forEach((root) => {
      this.adopt(root);
    });
    return roots;
  }

  getParent(node: Node): Node | undefined {
    return this.parents.get(node.key);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { Expanded, Collapsed, None } = vscode.TreeItemCollapsibleState;
    const fold = node.children.length === 0 ? None : node.unfolded ? Expanded : Collapsed;
    const item = new vscode.TreeItem(node.label, fold);
    item.id = node.key;
    item.description = node.description;
    item.tooltip = [node.label, node.description].filter(Boolean).join(": ");
    item.contextValue = node.context;
    item.accessibilityInformation = { label: item.tooltip };
    if (node.icon) {
      item.iconPath = new vscode.ThemeIcon(
        node.icon,
        node.color ? new vscode.ThemeColor(node.color) : undefined,
      );
    }
    const command = opening(node);
    return command ? Object.assign(item, { command }) : item;
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  private adopt(node: Node): void {
    node.children.forEach((child) => {
      this.parents.set(child.key, node);
      this.adopt(child);
    });
  }
}

function opening({ opens }: Node): vscode.Command | undefined {
  if (opens === undefined) {
    return undefined;
  }
  if (typeof opens === "string") {
    return { command: "vscode.open", title: "Open", arguments: [vscode.Uri.parse(opens, true)] };
  }
  return { command: COMMANDS.openPlace, title: "Show Code", arguments: [codeLocation(opens)] };
}

/** How many stages need a person. */
function badge(pipelines: Pipelines): vscode.ViewBadge | undefined {
  const stages = pipelines.all().flatMap((pipeline) => pipeline.stages);
  const value = stages.filter((stage) => stage.state !== "fresh").length;
  return value > 0 ? { value, tooltip: `${value} of ${stages.length} stages aren't fresh` } : undefined;
}
