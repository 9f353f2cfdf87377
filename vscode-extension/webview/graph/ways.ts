/**
 * From a node to the next one, by arrow keys: along edges to the sides, past neighbours up and down; within a block,
 * to the one that stands there.
 */
import type { Graph } from "./families";
import type { Layout, Point } from "./layout";

export type Direction = "left" | "right" | "up" | "down";

/** Undefined where there is none. */
export function next(graph: Graph, layout: Layout, from: string, to: Direction): string | undefined {
  const here = layout.places.get(from);
  if (!here) {
    return undefined;
  }
  if (to === "up" || to === "down") {
    return nearest(layout, here, beside(layout, here, to));
  }
  return nearest(layout, here, inRow(layout, from, to)) ?? nearest(layout, here, connected(graph, from, to));
}

export function first(graph: Graph): string | undefined {
  return graph.nodes.keys().next().value;
}

export function last(graph: Graph): string | undefined {
  return [...graph.nodes.keys()].at(-1);
}

function connected(graph: Graph, from: string, to: "left" | "right"): string[] {
  return graph.edges
    .filter((edge) => (to === "right" ? edge.from : edge.to) === from)
    .map((edge) => (to === "right" ? edge.to : edge.from));
}

/** Of its block, if it is in one. */
function inRow(layout: Layout, from: string, to: "left" | "right"): string[] {
  const block = layout.blocks.find(({ members }) => members.includes(from));
  const by = to === "right" ? 1 : -1;
  const other = block?.members[block.members.indexOf(from) + by * block.rows];
  return other === undefined ? [] : [other];
}

/** In the same column; or, at its end, anywhere farther up or down. */
function beside(layout: Layout, here: Point, to: "up" | "down"): string[] {
  const sign = to === "down" ? 1 : -1;
  const that = [...layout.places].filter(([, { y }]) => (y - here.y) * sign > 1);
  const column = that.filter(([, { x }]) => Math.abs(x - here.x) < 1);
  return (column.length > 0 ? column : that).map(([id]) => id);
}

function nearest(layout: Layout, here: Point, ids: readonly string[]): string | undefined {
  const distance = (id: string): number => {
    const there = layout.places.get(id);
    return there ? Math.hypot(there.x - here.x, there.y - here.y) : Infinity;
  };
  return [...ids].sort((a, b) => distance(a) - distance(b))[0];
}
