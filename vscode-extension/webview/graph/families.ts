/** From stages to the nodes and edges that are drawn: a node a stage, or one for all variants of a stage. */
import type { Stage } from "../../src/protocol";
import { groupBy } from "./grouping";

/** Fewer variants than this are easier to read side by side. */
const LEAST = 3;

export interface Node {
  readonly id: string;
  readonly title: string;
  /** One, or the variants that it stands for. */
  readonly stages: readonly Stage[];
  /** The family, if it is drawn as one node. */
  readonly family: string | null;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: readonly Edge[];
  /** The families that could be one node each. */
  readonly families: readonly string[];
}

/** `train` for `train@iris`; undefined for a stage that is no variant. */
export function familyOf(name: string): string | undefined {
  const at = name.indexOf("@");
  return at > 0 ? name.slice(0, at) : undefined;
}

/** Families for which `together` is true are one node each. */
export function graphOf(stages: readonly Stage[], together: (family: string) => boolean): Graph {
  const families = foldable(stages);
  const folded = new Set(families.filter(together));
  const node = (name: string): string => nodeOf(name, folded);
  const members = groupBy(stages, (stage) => node(stage.name));
  const nodes = new Map(
    [...members].map(([id, its]) => {
      const family = its[0] !== undefined && id !== its[0].name ? id.slice(0, -2) : null;
      const title = family === null ? id : `${family} × ${its.length}`;
      return [id, { id, title, stages: its, family }];
    }),
  );
  return { nodes, edges: edgesBetween(stages, node), families };
}

/** No stage's name ends so: a variant has a name behind its "@". */
function nodeOf(name: string, folded: ReadonlySet<string>): string {
  const family = familyOf(name);
  return family !== undefined && folded.has(family) ? `${family}@*` : name;
}

function edgesBetween(stages: readonly Stage[], node: (name: string) => string): Edge[] {
  const known = new Set(stages.map((stage) => stage.name));
  const edges = new Map<string, Edge>();
  for (const stage of stages) {
    for (const upstream of stage.upstream.filter((name) => known.has(name))) {
      const [from, to] = [node(upstream), node(stage.name)];
      if (from !== to) {
        edges.set(JSON.stringify([from, to]), { from, to });
      }
    }
  }
  return [...edges.values()];
}

/** Families that can be one node each without a circle, which would tell of one where there is none. */
function foldable(stages: readonly Stage[]): string[] {
  const sizes = groupBy(stages, (stage) => familyOf(stage.name));
  const folded = new Set<string>();
  for (const [family, members] of sizes) {
    if (family !== undefined && members.length >= LEAST) {
      folded.add(family);
      if (isCircular(edgesBetween(stages, (name) => nodeOf(name, folded)))) {
        folded.delete(family);
      }
    }
  }
  return [...folded];
}

function isCircular(edges: readonly Edge[]): boolean {
  const waiting = new Map<string, number>();
  for (const { from, to } of edges) {
    waiting.set(from, waiting.get(from) ?? 0);
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
  }
  const outgoing = groupBy(edges, (edge) => edge.from);
  const ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of ready) {
    for (const { to } of outgoing.get(id) ?? []) {
      const left = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, left);
      if (left === 0) {
        ready.push(to);
      }
    }
  }
  return ready.length < waiting.size;
}
