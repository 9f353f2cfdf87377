/** Where nodes and edges go: left to right, as the data flows. The layout itself is dagre's. */
import * as dagre from "@dagrejs/dagre";
import type { Block } from "./blocks";
import { blocksOf, contract, membersAt, sizeOf } from "./blocks";
import type { Edge, Graph } from "./families";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout extends Size {
  /** Middles of the nodes. */
  readonly places: ReadonlyMap<string, Point>;
  /**
   * In the order of the graph's edges: from the right of a node, or of the block it is in, to the left of another.
   * Edges between the same two blocks have the same one.
   */
  readonly routes: readonly (readonly Point[])[];
  readonly blocks: readonly (Block & { readonly at: Point })[];
}

const GAP = { nodesep: 18, edgesep: 12, ranksep: 56 };
/** From so many nodes on, a layout that is a little wider and takes a tenth of the time. */
const MANY = 400;

/** All nodes have one size; many variants of a stage are laid out as one large node, and then within it. */
export function layOut(graph: Graph, node: Size): Layout {
  const blocks = blocksOf(graph, node);
  const { ids, edges, endOf } = contract(graph, blocks);
  const size = (id: string): Size => sizeOf(blocks.get(id), node);
  const parts = components(ids, edges).map((part) => layOutPart(part, edges, size));
  const offsets = pack(parts);
  const places = new Map<string, Point>();
  const routes = new Map<string, Point[]>();
  parts.forEach((part, index) => {
    const by = offsets.at[index] ?? { x: 0, y: 0 };
    part.places.forEach((point, id) => places.set(id, move(point, by)));
    part.routes.forEach((points, edge) =>
      routes.set(
        edge,
        points.map((point) => move(point, by)),
      ),
    );
  });
  const placed = [...blocks].map(([id, block]) => ({ ...block, at: places.get(id) ?? { x: 0, y: 0 } }));
  blocks.forEach((_, id) => places.delete(id));
  placed.forEach((block) => {
    membersAt(block, block.at, node).forEach((point, id) => places.set(id, point));
  });
  return {
    width: offsets.width,
    height: offsets.height,
    places,
    routes: graph.edges.map(({ from, to }) => routes.get(keyOf({ from: endOf(from), to: endOf(to) })) ?? []),
    blocks: placed,
  };
}

interface Part extends Size {
  readonly places: ReadonlyMap<string, Point>;
  readonly routes: ReadonlyMap<string, readonly Point[]>;
}

function keyOf({ from, to }: Edge): string {
  return JSON.stringify([from, to]);
}

function layOutPart(ids: ReadonlySet<string>, all: readonly Edge[], size: (id: string) => Size): Part {
  const drawing = new dagre.graphlib.Graph();
  drawing.setGraph({ rankdir: "LR", ranker: ids.size < MANY ? "network-simplex" : "tight-tree", ...GAP });
  ids.forEach((id) => drawing.setNode(id, { ...size(id) }));
  const edges = all.filter(({ from }) => ids.has(from));
  edges.forEach(({ from, to }) => drawing.setEdge(from, to, {}));
  dagre.layout(drawing);
  const places = new Map([...ids].map((id) => [id, point(drawing.node(id) as Point)]));
  const columns = new Map<number, number>();
  places.forEach(({ x }, id) => {
    columns.set(Math.round(x), Math.max(columns.get(Math.round(x)) ?? 0, size(id).width / 2));
  });
  const routes = edges.map(({ from, to }): [string, Point[]] => {
    const bends = (drawing.edge(from, to) as { points: Point[] }).points.slice(1, -1);
    const [start, end] = [places.get(from), places.get(to)];
    if (!start || !end) {
      return [keyOf({ from, to }), []];
    }
    const ends = [
      { x: start.x + size(from).width / 2, y: start.y },
      { x: end.x - size(to).width / 2, y: end.y },
    ] as const;
    return [keyOf({ from, to }), route(ends, bends, columns)];
  });
  const { width = 0, height = 0 } = drawing.graph() as Partial<Size>;
  return { width, height, places, routes: new Map(routes) };
}

/**
 * Straight through the columns that it passes, so that it doesn't cut a corner of the nodes beside it. Of each column,
 * half its width.
 */
function route(
  [start, end]: readonly [Point, Point],
  bends: readonly Point[],
  columns: ReadonlyMap<number, number>,
): Point[] {
  const inColumns = bends.flatMap(({ x, y }) => {
    const half = columns.get(Math.round(x));
    return half === undefined
      ? []
      : [
          { x: x - half, y },
          { x: x + half, y },
        ];
  });
  return [start, ...inColumns, end];
}

/** Sets of nodes that have nothing to do with one another. */
function components(ids: readonly string[], edges: readonly Edge[]): Set<string>[] {
  const beside = new Map(ids.map((id) => [id, new Set<string>()]));
  for (const { from, to } of edges) {
    beside.get(from)?.add(to);
    beside.get(to)?.add(from);
  }
  const found: Set<string>[] = [];
  const seen = new Set<string>();
  for (const id of ids) {
    if (!seen.has(id)) {
      const part = new Set([id]);
      part.forEach((each) => beside.get(each)?.forEach((other) => part.add(other)));
      part.forEach((each) => seen.add(each));
      found.push(part);
    }
  }
  return found;
}

/** In rows, the largest first, about as wide as a window is. */
function pack(parts: readonly Part[]): Size & { at: readonly Point[] } {
  const order = parts.map((part, index) => ({ part, index })).sort((a, b) => area(b.part) - area(a.part));
  const wide = Math.max(...parts.map(({ width }) => width), Math.sqrt(2 * sum(parts.map(area))));
  const at: Point[] = [];
  let [x, y, row, width] = [0, 0, 0, 0];
  for (const { part, index } of order) {
    if (x > 0 && x + part.width > wide) {
      [x, y, row] = [0, y + row + 2 * GAP.nodesep, 0];
    }
    at[index] = { x, y };
    width = Math.max(width, x + part.width);
    row = Math.max(row, part.height);
    x += part.width + GAP.ranksep / 2;
  }
  return { width, height: y + row, at };
}

function area({ width, height }: Size): number {
  return width * height;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function move(point: Point, by: Point): Point {
  return { x: point.x + by.x, y: point.y + by.y };
}

function point({ x, y }: Point): Point {
  return { x, y };
}
