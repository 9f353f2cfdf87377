/** Where nodes and edges go: left to right, as the data flows. The layout itself is dagre's. */
import * as dagre from "@dagrejs/dagre";
import type { Graph } from "./families";

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
  /** In the order of the graph's edges: from the right of a node to the left of another. */
  readonly routes: readonly (readonly Point[])[];
}

const GAP = { nodesep: 18, edgesep: 12, ranksep: 56 };
/** From so many nodes on, a layout that is a little wider and takes a tenth of the time. */
const MANY = 400;

/** All nodes have one size. */
export function layOut(graph: Graph, node: Size): Layout {
  const parts = components(graph).map((ids) => layOutPart(graph, ids, node));
  const offsets = pack(parts);
  const places = new Map<string, Point>();
  const routes = new Map<number, Point[]>();
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
  return {
    width: offsets.width,
    height: offsets.height,
    places,
    routes: graph.edges.map((_, index) => routes.get(index) ?? []),
  };
}

interface Part extends Size {
  readonly places: ReadonlyMap<string, Point>;
  /** By the index of the edge. */
  readonly routes: ReadonlyMap<number, readonly Point[]>;
}

function layOutPart(graph: Graph, ids: ReadonlySet<string>, node: Size): Part {
  const drawing = new dagre.graphlib.Graph();
  drawing.setGraph({ rankdir: "LR", ranker: ids.size < MANY ? "network-simplex" : "tight-tree", ...GAP });
  ids.forEach((id) => drawing.setNode(id, { ...node }));
  const edges = graph.edges.flatMap((edge, index) => (ids.has(edge.from) ? [{ ...edge, index }] : []));
  edges.forEach(({ from, to }) => drawing.setEdge(from, to, {}));
  dagre.layout(drawing);
  const places = new Map([...ids].map((id) => [id, point(drawing.node(id) as Point)]));
  const columns = new Set([...places.values()].map(({ x }) => Math.round(x)));
  const routes = edges.map(({ from, to, index }): [number, Point[]] => {
    const bends = (drawing.edge(from, to) as { points: Point[] }).points.slice(1, -1);
    const ends = [places.get(from), places.get(to)] as const;
    return [index, ends[0] && ends[1] ? route(ends[0], bends, ends[1], { node, columns }) : []];
  });
  const { width = 0, height = 0 } = drawing.graph() as Partial<Size>;
  return { width, height, places, routes: new Map(routes) };
}

/** Straight through the columns that it passes, so that it doesn't cut a corner of the nodes beside it. */
function route(
  from: Point,
  bends: readonly Point[],
  to: Point,
  { node, columns }: { node: Size; columns: ReadonlySet<number> },
): Point[] {
  const half = node.width / 2;
  const inColumns = bends.filter(({ x }) => columns.has(Math.round(x)));
  return [
    { x: from.x + half, y: from.y },
    ...inColumns.flatMap(({ x, y }) => [
      { x: x - half, y },
      { x: x + half, y },
    ]),
    { x: to.x - half, y: to.y },
  ];
}

/** Sets of nodes that have nothing to do with one another. */
function components(graph: Graph): Set<string>[] {
  const beside = new Map([...graph.nodes.keys()].map((id) => [id, new Set<string>()]));
  for (const { from, to } of graph.edges) {
    beside.get(from)?.add(to);
    beside.get(to)?.add(from);
  }
  const found: Set<string>[] = [];
  const seen = new Set<string>();
  for (const id of graph.nodes.keys()) {
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
