/** The page of a project's metrics: what stages have measured, and what it was in the last commit. */
import { COMMANDS } from "./commands";

export type Value = string | number | boolean | null;
type Values = Readonly<Record<string, Value>>;

export interface Metrics {
  readonly stage: string;
  readonly path: string;
  readonly uri: string;
  readonly now: Values | null;
  /** In the commit that it is compared with; null if there is none, or nothing in it. */
  readonly was: Values | null;
  readonly problem: string | null;
}

export interface Measured {
  readonly root: string;
  readonly name: string;
  readonly compared: boolean;
  readonly metrics: readonly Metrics[];
}

const STYLE = `
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 2rem 3rem; color: var(--vscode-editor-foreground);
  font: 13px/1.6 var(--vscode-font-family) }
h1 { margin: 0; font-size: 1.4rem; font-weight: 600 }
h2 { margin: 2rem 0 .4rem; font-size: 1.05rem; font-weight: 600 }
h2 small { margin-left: .5rem; font-weight: normal }
p, small, th, .was, .problem { color: var(--vscode-descriptionForeground) }
p { margin: .2rem 0 0 }
a { color: var(--vscode-textLink-foreground); text-decoration: none }
a:hover { text-decoration: underline }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th { font-weight: normal; text-align: left }
th, td { padding: .15rem 1.6rem .15rem 0; border-bottom: 1px solid var(--vscode-contrastBorder, #8883) }
th.number, td.number { text-align: right }
.change { margin-left: .5rem; padding: 0 .35rem; border-radius: 3px;
  color: var(--vscode-badge-foreground); background: var(--vscode-badge-background); font-size: .9em }
`;

export function metricsPage({ root, name, compared, metrics }: Measured): string {
  const differ = metrics.some(({ now, was }) => was !== null && !same(now, was));
  const note = !compared ? "" : differ ? "beside what they were in HEAD" : "as they are in HEAD";
  const tables = groups(metrics).map((group) => section(root, group));
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Metrics</title><style>${STYLE}</style></head>
<body><main><h1>Metrics of ${escaped(name)}</h1>${note && `<p>${note}</p>`}
${tables.join("\n")}
</main></body></html>`;
}

interface Group {
  readonly title: string;
  readonly members: readonly Metrics[];
}

/** Variants of a stage (`train@iris`, `train@moons`) that measure the same are rows of one table. */
function groups(metrics: readonly Metrics[]): Group[] {
  const found = new Map<string, Metrics[]>();
  for (const each of metrics) {
    const family = familyOf(each.stage);
    const key =
      family === undefined || !each.now ? each.path : JSON.stringify([family, Object.keys(each.now)]);
    found.set(key, [...(found.get(key) ?? []), each]);
  }
  return [...found.values()].map((members) => {
    const [first] = members;
    const stage = first?.stage ?? "";
    return { title: members.length > 1 ? (familyOf(stage) ?? stage) : stage, members };
  });
}

function familyOf(stage: string): string | undefined {
  const at = stage.indexOf("@");
  return at > 0 ? stage.slice(0, at) : undefined;
}

function section(root: string, { title, members }: Group): string {
  const [first] = members;
  if (!first) {
    return "";
  }
  if (members.length > 1) {
    return `<section><h2>${escaped(title)}</h2>${sideBySide(root, members)}</section>`;
  }
  const heading = `${stageLink(root, first.stage, first.stage)}<small>${fileLink(first)}</small>`;
  return `<section><h2>${heading}</h2>${below(first)}</section>`;
}

/** A row a metric. */
function below({ now, was, problem }: Metrics): string {
  if (!now) {
    return `<div class="problem">${escaped(problem ?? "nothing")}</div>`;
  }
  const differs = was !== null && !same(now, was);
  const head = differs ? '<tr><td></td><th class="number">now</th><th class="number">HEAD</th></tr>' : "";
  const names = differs ? [...new Set([...Object.keys(now), ...Object.keys(was)])] : Object.keys(now);
  const rows = names.map((name) => {
    const before = differs ? `<td class="was ${kind(was[name])}">${words(was[name])}</td>` : "";
    return `<tr><th>${escaped(name)}</th>${cell(now[name], was, name)}${before}</tr>`;
  });
  return `<table>${head}${rows.join("")}</table>`;
}

/** A row a variant, a column a metric. */
function sideBySide(root: string, members: readonly Metrics[]): string {
  const names = Object.keys(members[0]?.now ?? {});
  const head = names.map((name) => `<th class="${kind(members[0]?.now?.[name])}">${escaped(name)}</th>`);
  const rows = members.map((each) => {
    const variant = each.stage.slice(each.stage.indexOf("@") + 1);
    const cells = names.map((name) => cell(each.now?.[name], each.was, name));
    const file = `<td><small>${fileLink(each)}</small></td>`;
    return `<tr><th>${stageLink(root, each.stage, variant)}</th>${cells.join("")}${file}</tr>`;
  });
  return `<table><tr><td></td>${head.join("")}<td></td></tr>${rows.join("")}</table>`;
}

function cell(now: Value | undefined, was: Values | null, name: string): string {
  const before = was?.[name];
  const differs = was !== null && now !== before;
  const change = differs ? `<span class="change">${changed(now, before)}</span>` : "";
  return `<td class="${kind(now)}">${words(now)}${change}</td>`;
}

function changed(now: Value | undefined, before: Value | undefined): string {
  if (typeof now === "number" && typeof before === "number") {
    const by = Number((now - before).toPrecision(3));
    return by < 0 ? `−${-by}` : `+${by}`;
  }
  return before === undefined ? "new" : now === undefined ? "gone" : `was ${words(before)}`;
}

function same(a: Values | null, b: Values): boolean {
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b)]);
  return [...names].every((name) => a?.[name] === b[name]);
}

function kind(value: Value | undefined): string {
  return typeof value === "number" ? "number" : "text";
}

function words(value: Value | undefined): string {
  if (value === undefined) {
    return "–";
  }
  return escaped(typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));
}

function stageLink(root: string, stage: string, label: string): string {
  return link(COMMANDS.openStage, { root, stage }, label, `Show the code of ${stage}`);
}

function fileLink({ path, uri }: Metrics): string {
  return link(COMMANDS.openFile, uri, path, `Open ${path}`);
}

/** Without a title, VS Code shows the command as one. */
function link(command: string, argument: unknown, label: string, title: string): string {
  const uri = `command:${command}?${encodeURIComponent(JSON.stringify([argument]))}`;
  return `<a href="${escaped(uri)}" title="${escaped(title)}">${escaped(label)}</a>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
