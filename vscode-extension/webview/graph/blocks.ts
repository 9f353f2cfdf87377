/** Many variants of a stage stand in rows and columns: one column of them would be a thread that nobody can read. */
import type { Edge, Graph } from "./families";
import { familyOf } from "./families";
import { groupBy } from "./grouping";
import type { Point, Size } from "./layout";

/** As many are still a column. */
const COLUMN = 12;
const GAP = 10;

/** A family, laid out as if it were one node. */
export interface Block extends Size {
  readonly rows: number;
  /** Down the first column, then the next. */
  readonly members: readonly string[];
}

/** By ids of their own. All blocks together are about as high as they are wide, beside one another. */
export function blocksOf(graph: Graph, node: Size): ReadonlyMap<string, Block> {
  const inside = new Set(
    graph.edges.flatMap(({ from, to }) => (familyOf(from) === familyOf(to) ? [familyOf(from)] : [])),
  );
  const families = groupBy(
    [...graph.nodes.values()].filter(({ family }) => family === null),
    ({ id }) => familyOf(id),
  );
  // Where a variant reads from another one, that is what has to be seen; and the rest of it mustn't become a circle.
  const large = [...families].flatMap(([family, nodes]) =>
    family !== undefined && nodes.length > COLUMN && graph.families.includes(family) && !inside.has(family)
      ? [[family, nodes.map(({ id }) => id)] as const]
      : [],
  );
  const count = large.reduce((total, [, members]) => total + members.length, 0);
  const [wide, high] = [node.width + GAP, node.height + GAP];
  const most = Math.max(COLUMN, Math.floor(Math.sqrt((count * wide) / high)));
  return new Map(
    large.map(([family, members]) => {
      const columns = Math.ceil(members.length / most);
      const rows = Math.ceil(members.length / columns);
      return [`${family}@*`, { members, rows, width: columns * wide + GAP, height: rows * high + GAP }];
    }),
  );
}

export function sizeOf(block: Block | undefined, node: Size): Size {
  return block ? { width: block.width, height: block.height } : node;
}

/** With a block in the place of its members. */
export function contract(
  graph: Graph,
  blocks: ReadonlyMap<string, Block>,
): { ids: string[]; edges: Edge[]; endOf: (id: string) => string } {
  const owner = new Map([...blocks].flatMap(([id, { members }]) => members.map((member) => [member, id])));
  const endOf = (id: string): string => owner.get(id) ?? id;
  const edges = new Map<string, Edge>();
  for (const { from, to } of graph.edges) {
    edges.set(JSON.stringify([endOf(from), endOf(to)]), { from: endOf(from), to: endOf(to) });
  }
  return { ids: [...new Set([...graph.nodes.keys()].map(endOf))], edges: [...edges.values()], endOf };
}

/** Middles of its members, when `at` is its own. */
export function membersAt(
  { members, rows, width, height }: Block,
  at: Point,
  node: Size,
): Map<string, Point> {
  const [left, top] = [at.x - width / 2 + GAP, at.y - height / 2 + GAP];
  return new Map(
    members.map((id, index) => [
      id,
      {
        x: left + Math.floor(index / rows) * (node.width + GAP) + node.width / 2,
        y: top + (index % rows) * (node.height + GAP) + node.height / 2,
      },
    ]),
  );
}
