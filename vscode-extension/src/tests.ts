/** Projects and their stages as tests: that is what gives them icons in the gutter, history and failures. */
import * as path from "node:path";
import * as vscode from "vscode";
import { codeLocation } from "./places";
import type { Pipeline, RunRequest, Stage } from "./protocol";
import type { Choice, Marked } from "./selection";
import { select } from "./selection";
import type { Pipelines } from "./state";

export class Tests implements vscode.Disposable {
  readonly controller = vscode.tests.createTestController("pivot", "Pivot");
  private readonly marked = new WeakMap<vscode.TestItem, Marked>();
  /** Those that were when last looked at. */
  private readonly fresh = new WeakSet<vscode.TestItem>();
  private readonly listening: { dispose(): unknown }[];

  constructor(private readonly pipelines: Pipelines) {
    this.listening = [
      this.controller,
      pipelines.onDidChange((root) => {
        this.refresh(root);
      }),
    ];
    this.controller.refreshHandler = () => pipelines.refresh();
    this.refresh(undefined);
  }

  project(root: string): vscode.TestItem | undefined {
    return this.controller.items.get(root);
  }

  stage(root: string, name: string): vscode.TestItem | undefined {
    return this.project(root)?.children.get(name);
  }

  /** What is to be run, of what is marked. */
  select({ include, exclude }: vscode.TestRunRequest): Choice[] {
    const projects = this.pipelines
      .all()
      .map(({ root, stages }) => ({ root, stages: stages.map((stage) => stage.name) }));
    return select(projects, include && this.marks(include), this.marks(exclude ?? []));
  }

  /** As if a person had marked it. */
  requestOf({ root, targets = [] }: RunRequest): vscode.TestRunRequest {
    const of = root ?? this.pipelines.all()[0]?.root ?? "";
    const items = targets.length > 0 ? targets.map((name) => this.stage(of, name)) : [this.project(of)];
    return new vscode.TestRunRequest(items.filter((item) => item !== undefined));
  }

  /** The stage of an item, if it is one. */
  markOf(item: vscode.TestItem): Marked | undefined {
    return this.marked.get(item);
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  private marks(items: readonly vscode.TestItem[]): Marked[] {
    return items.flatMap((item) => this.marked.get(item) ?? []);
  }

  private refresh(root: string | undefined): void {
    const pipelines = this.pipelines.all();
    const roots = new Set(pipelines.map((pipeline) => pipeline.root));
    this.controller.items.forEach((item) => {
      if (!roots.has(item.id)) {
        this.controller.items.delete(item.id);
      }
    });
    pipelines
      .filter((pipeline) => root === undefined || pipeline.root === root)
      .forEach((pipeline) => {
        this.refreshProject(pipeline);
      });
  }

  private refreshProject(pipeline: Pipeline): void {
    const uri = vscode.Uri.file(path.join(pipeline.root, "pipeline.py"));
    const project = this.item(this.controller.items, pipeline.root, pipeline.name, uri, {
      root: pipeline.root,
    });
    project.description = pipeline.why ?? "";
    const names = new Set(pipeline.stages.map((stage) => stage.name));
    project.children.forEach((item) => {
      if (!names.has(item.id)) {
        project.children.delete(item.id);
      }
    });
    pipeline.stages.forEach((stage, index) => {
      this.refreshStage(pipeline, project, stage, index);
    });
  }

  private refreshStage(pipeline: Pipeline, project: vscode.TestItem, stage: Stage, index: number): void {
    const { uri, range } = codeLocation(stage.location);
    const mark = { root: pipeline.root, stage: stage.name };
    const item = this.item(project.children, stage.name, stage.name, uri, mark);
    if (!item.range?.isEqual(range)) {
      item.range = range;
    }
    item.description = stage.summary;
    item.sortText = String(index).padStart(6, "0");
    item.error = stage.state === "error" ? stage.summary : undefined;
    // That it passed is about other code or inputs. (That it failed stands until it is run again.)
    if (this.fresh.has(item) && stage.state !== "fresh") {
      this.fresh.delete(item);
      this.controller.invalidateTestResults(item);
    } else if (stage.state === "fresh") {
      this.fresh.add(item);
    }
  }

  /** The one that is there, so that it keeps its history; a new one if it is in another file now. */
  private item(
    among: vscode.TestItemCollection,
    id: string,
    label: string,
    uri: vscode.Uri,
    mark: Marked,
  ): vscode.TestItem {
    const former = among.get(id);
    if (former?.uri?.toString() === uri.toString()) {
      former.label = label;
      return former;
    }
    const item = this.controller.createTestItem(id, label, uri);
    this.marked.set(item, mark);
    among.add(item);
    return item;
  }
}
