/** Pipelines as a tree to read: stages by what they need from a person, and what is to know about each. */
import type { Location, Output, Pipeline, Reason, Stage } from "./protocol";
import { ago, duration, split, withoutModules } from "./wording";

export interface Node {
  /** Unique in the tree, and the same as long as it is about the same. */
  readonly key: string;
  readonly label: string;
  readonly description: string;
  /** Of VS Code's icons. */
  readonly icon: string;
  readonly color?: string;
  /** What can be done with it, for the menus. */
  readonly context: string;
  readonly unfolded: boolean;
  readonly children: readonly Node[];
  /** What a click shows. */
  readonly opens?: Location | string;
  /** A stage, or a project. */
  readonly about?: { readonly root: string; readonly stage?: string };
}

const GROUPS = ["busy", "error", "failed", "stale", "upstream_stale", "never_run", "fresh"] as const;
export type Group = (typeof GROUPS)[number];

const LOOKS: Readonly<Record<Group, { label: string; icon: string; color: string }>> = {
  busy: { label: "Running", icon: "sync~spin", color: "charts.blue" },
  error: { label: "Errors", icon: "error", color: "charts.red" },
  failed: { label: "Failed", icon: "error", color: "charts.red" },
  stale: { label: "Stale", icon: "circle-filled", color: "charts.yellow" },
  upstream_stale: { label: "Waiting for others", icon: "circle-outline", color: "charts.yellow" },
  never_run: { label: "Never run", icon: "circle-outline", color: "disabledForeground" },
  fresh: { label: "Fresh", icon: "pass-filled", color: "charts.green" },
};

/** With several pipelines, one node for each; `now` in ms. */
export function outline(pipelines: readonly Pipeline[], now: number): Node[] {
  const [only] = pipelines;
  if (only && pipelines.length === 1) {
    return groups(only, now);
  }
  return pipelines.map((pipeline) => ({
    key: pipeline.root,
    label: pipeline.name,
    description:
      pipeline.why ?? `${pipeline.stages.length} ${pipeline.stages.length === 1 ? "stage" : "stages"}`,
    icon: "type-hierarchy-sub",
    context: "project",
    unfolded: true,
    children: groups(pipeline, now),
    about: { root: pipeline.root },
  }));
}

function groups(pipeline: Pipeline, now: number): Node[] {
  const found = GROUPS.flatMap((group) => {
    const stages = pipeline.stages.filter((stage) => groupOf(stage) === group);
    return stages.length > 0 ? [groupNode(pipeline, group, stages, now)] : [];
  });
  return pipeline.why === null ? found : [remark(pipeline, pipeline.why), ...found];
}

export function groupOf(stage: Stage): Group {
  if (stage.activity !== null) {
    return "busy";
  }
  // It never succeeded, or is stale by an earlier success: that it failed is what counts.
  return stage.lastRun?.failed && stage.state !== "fresh" && stage.state !== "error" ? "failed" : stage.state;
}

function groupNode(pipeline: Pipeline, group: Group, stages: readonly Stage[], now: number): Node {
  const unfolded = group !== "fresh" || stages.length === pipeline.stages.length;
  return {
    // VS Code remembers by the key what was folded, also if nobody folded it.
    key: `${pipeline.root}\n${group} ${unfolded ? "unfolded" : "folded"}`,
    label: LOOKS[group].label,
    description: String(stages.length),
    icon: "",
    context: "group",
    unfolded,
    children: stages.map((stage) => stageNode(pipeline, group, stage, now)),
  };
}

/** Why it isn't all known, above the rest. Whatever it is, it is in that file that it is seen to. */
function remark({ root }: Pipeline, why: string): Node {
  const opens = `file://${root.split("/").map(encodeURIComponent).join("/")}/pipeline.py`;
  return leaf(`${root}\nwhy`, why, "", "info", { context: "remark", opens });
}

function stageNode({ root, why }: Pipeline, group: Group, stage: Stage, now: number): Node {
  const key = `${root}\nstage\n${stage.name}`;
  const queued = stage.activity === "queued";
  return {
    key,
    label: stage.name,
    description: stage.activity === null ? brief(stage, group, why) : activity(stage),
    icon: queued ? "watch" : LOOKS[group].icon,
    color: LOOKS[group].color,
    context: `stage ${stage.activity === null ? stage.state : "busy"}`,
    unfolded: false,
    opens: stage.location,
    about: { root, stage: stage.name },
    children: [
      ...stage.reasons.filter(isNews).map((reason, index) => reasonNode(`${key}\nreason ${index}`, reason)),
      ...filesNode(
        `${key}\ninputs`,
        "Inputs",
        stage.inputs.map((each) => [each, inputWords(each)] as const),
      ),
      ...filesNode(
        `${key}\noutputs`,
        "Outputs",
        stage.outputs.map((each) => [each, outputWords(each)] as const),
      ),
      lastRunNode(`${key}\nlast run`, stage, now),
    ],
  };
}

/** What nothing above it says already. */
function brief(stage: Stage, group: Group, why: string | null): string {
  if (group === "failed" && stage.lastRun?.failed) {
    return stage.lastRun.failed;
  }
  return withoutModules(stage)
    .replace(why === null ? "" : ` (${why})`, "")
    .replace(/^(?:stale|error|failed): /, "")
    .replace(/^(?:fresh · |waiting |never run$)/, "");
}

function activity({ activity, progress }: Stage): string {
  return activity === "queued" ? "queued" : progress ? progressWords(progress) : "running";
}

function progressWords({ text, done, total }: NonNullable<Stage["progress"]>): string {
  const numbers = done === null ? "" : total === null ? String(done) : `${done}/${total}`;
  return [text, numbers].filter(Boolean).join(" ");
}

/** That a stage never ran is said by where it stands, or how it looks. */
export function isNews({ kind }: Reason): boolean {
  return kind !== "never_run";
}

const REASON_ICONS: Readonly<Record<string, string>> = {
  code: "symbol-function",
  definition: "list-tree",
  params: "settings",
  input: "file",
  discovered_input: "file-symlink-file",
  environment: "symbol-variable",
  package: "package",
  output: "output",
  upstream: "arrow-up",
};

function reasonNode(key: string, { kind, subject, detail, location }: Reason): Node {
  const opens = location === null ? {} : { opens: location };
  const [name, module] = kind === "code" ? split(subject) : [subject, ""];
  // Since when, its last run says, below.
  const brief = detail.replace(/ since the last run$/, "");
  const description = [brief, module].filter(Boolean).join(" · ");
  return leaf(key, name || detail, name ? description : "", REASON_ICONS[kind] ?? "info", {
    context: "reason",
    ...opens,
  });
}

interface File {
  readonly path: string;
  readonly uri: string;
  readonly exists: boolean;
  readonly kind: string;
}

function filesNode(key: string, label: string, files: readonly (readonly [File, string])[]): Node[] {
  if (files.length === 0) {
    return [];
  }
  const children = files.map(([file, words]) => {
    const folder = file.kind === "directory";
    const opens = file.exists && !folder ? { opens: file.uri } : {};
    return leaf(`${key}\n${file.path}`, file.path, words, folder ? "folder" : fileIcon(file), {
      context: folder && file.exists ? "file folder" : "file",
      ...opens,
    });
  });
  const description = String(files.length);
  return [{ key, label, description, icon: "", context: "files", unfolded: false, children }];
}

function fileIcon({ kind, exists }: File): string {
  return !exists ? "circle-slash" : kind === "plot" ? "graph-line" : kind === "metric" ? "dashboard" : "file";
}

function inputWords({ producer, exists }: Stage["inputs"][number]): string {
  return [producer === null ? "" : `from ${producer}`, exists ? "" : "isn't there"]
    .filter(Boolean)
    .join(", ");
}

function outputWords({ kind, exists }: Output): string {
  return [kind === "out" ? "" : kind, exists ? "" : "isn't there"].filter(Boolean).join(", ");
}

function lastRunNode(key: string, { lastRun }: Stage, now: number): Node {
  if (lastRun === null) {
    return leaf(key, "Never run", "", "history", { context: "last run" });
  }
  const took = lastRun.failed ? `failed: ${lastRun.failed}` : `took ${duration(lastRun.durationSeconds)}`;
  return leaf(key, `Last run ${ago(lastRun.at, now)}`, took, "history", { context: "last run" });
}

function leaf(
  key: string,
  label: string,
  description: string,
  icon: string,
  more: Pick<Node, "context"> & Partial<Node>,
): Node {
  return { key, label, description, icon, unfolded: false, children: [], ...more };
}
