/** The drawing: a card a node, a line an edge. Drawn anew when the graph is another, else brought up to date. */
import { svg } from "./dom";
import type { Edge, Graph, Node } from "./families";
import { groupBy } from "./grouping";
import { shorten, widthOf } from "./labels";
import type { Layout, Point, Size } from "./layout";
import type { Look } from "./looks";
import { lookOfNode, readAloud, shareOf, SIGNS, summaryOf } from "./looks";

const HEIGHT = 46;
const TEXT_AT = 34;
const PADDING = 12;
const NARROWEST = 190;
const WIDEST = 270;

export interface Fonts {
  readonly name: string;
  readonly summary: string;
  /** Of names that are seen from afar. */
  readonly far: string;
  readonly farSmall: string;
}

/** One size for all, wide enough for the longest name, so that columns have straight edges. */
export function cardSize(nodes: Iterable<Node>, fonts: Fonts): Size {
  const widths = [...nodes].map((node) => widthOf(node.title, fonts.name));
  const wanted = Math.max(0, ...widths) + TEXT_AT + PADDING;
  return { width: Math.round(Math.min(WIDEST, Math.max(NARROWEST, wanted))), height: HEIGHT };
}

interface Card {
  readonly element: SVGGElement;
  readonly sign: SVGPathElement;
  readonly summary: SVGTextElement;
  readonly progress: SVGRectElement;
  said: string;
}

export class Scene {
  private readonly cards = new Map<string, Card>();
  /** Edges that go the same way are one line. */
  private lines: { readonly edges: readonly Edge[]; readonly element: SVGPathElement }[] = [];

  constructor(
    private readonly root: SVGGElement,
    private readonly fonts: Fonts,
  ) {}

  draw(graph: Graph, layout: Layout, size: Size): void {
    this.cards.clear();
    const ways = groupBy(
      graph.edges.map((edge, index) => ({ edge, way: curve(layout.routes[index] ?? []) })),
      ({ way }) => way,
    );
    this.lines = [...ways].map(([way, going]) => ({
      edges: going.map(({ edge }) => edge),
      element: svg("path", { class: "edge", d: way }),
    }));
    for (const node of graph.nodes.values()) {
      this.cards.set(node.id, this.card(node, size, layout.places.get(node.id) ?? { x: 0, y: 0 }));
    }
    const elements = [...this.cards.values()].map((card) => card.element);
    this.root.replaceChildren(
      svg(
        "g",
        { "aria-hidden": "true" },
        ...layout.blocks.map(frame),
        ...this.lines.map(({ element }) => element),
      ),
      ...elements,
    );
    this.update(graph, size);
  }

  /** The same nodes and edges, with other verdicts. */
  update(graph: Graph, size: Size): void {
    const reads = new Map<string, number>();
    const readBy = new Map<string, number>();
    for (const { from, to } of graph.edges) {
      reads.set(to, (reads.get(to) ?? 0) + 1);
      readBy.set(from, (readBy.get(from) ?? 0) + 1);
    }
    for (const node of graph.nodes.values()) {
      const card = this.cards.get(node.id);
      const said = readAloud(node, reads.get(node.id) ?? 0, readBy.get(node.id) ?? 0);
      if (card) {
        this.refresh(card, node, said, size);
      }
    }
  }

  element(id: string): SVGGElement | undefined {
    return this.cards.get(id)?.element;
  }

  /** All but these step back; null: none does. */
  light(lit: ReadonlySet<string> | null): void {
    this.cards.forEach(({ element }, id) => element.classList.toggle("dim", lit !== null && !lit.has(id)));
    this.lines.forEach(({ edges, element }) =>
      element.classList.toggle(
        "dim",
        lit !== null && !edges.some(({ from, to }) => lit.has(from) && lit.has(to)),
      ),
    );
  }

  /** Its edges stand out, and it is where Tab goes to. */
  select(id: string | null): void {
    this.cards.forEach(({ element }, each) => {
      element.classList.toggle("selected", each === id);
      element.setAttribute("tabindex", each === id ? "0" : "-1");
      element.setAttribute("aria-current", String(each === id));
    });
    this.lines.forEach(({ edges, element }) =>
      element.classList.toggle(
        "related",
        edges.some(({ from, to }) => from === id || to === id),
      ),
    );
  }

  private card(node: Node, size: Size, at: Point): Card {
    const room = size.width - TEXT_AT - PADDING;
    const sign = svg("path");
    const summary = svg("text", { class: "summary", x: TEXT_AT, y: 36 });
    const progress = svg("rect", { class: "progress", x: 0, y: size.height - 3, height: 3, width: 0 });
    const element = svg(
      "g",
      {
        "data-id": node.id,
        role: "button",
        tabindex: -1,
        transform: `translate(${at.x - size.width / 2} ${at.y - size.height / 2})`,
      },
      ...(node.family === null ? [] : [pile(size, 8), pile(size, 4)]),
      svg("rect", { class: "card", rx: 4, ...size }),
      svg("path", {
        class: "stripe",
        d: `M4 0 A4 4 0 0 0 0 4 V${size.height - 4} A4 4 0 0 0 4 ${size.height} Z`,
      }),
      svg(
        "g",
        { class: "sign", transform: "translate(11 15)" },
        svg("circle", { cx: 8, cy: 8, r: 7.2 }),
        sign,
      ),
      text("name", 19, shorten(node.title, room, this.fonts.name)),
      summary,
      ...far(node.title, room, this.fonts),
      progress,
    );
    return { element, sign, summary, progress, said: "" };
  }

  private refresh(card: Card, node: Node, said: string, size: Size): void {
    const look: Look = lookOfNode(node);
    const share = shareOf(node);
    const key = `${look} ${share ?? ""} ${said}`;
    if (card.said === key) {
      return; // the most, in a large pipeline
    }
    card.said = key;
    const kept = [...card.element.classList].filter((name) => name === "dim" || name === "selected");
    card.element.setAttribute("class", ["node", look, ...kept].join(" "));
    card.element.setAttribute("aria-label", said);
    card.sign.setAttribute("d", SIGNS[look]);
    const room = size.width - TEXT_AT - PADDING;
    const whole = summaryOf(node);
    const summary = widthOf(whole, this.fonts.summary) <= room ? whole : summaryOf(node, true);
    card.summary.textContent = shorten(summary, room, this.fonts.summary, true);
    card.progress.setAttribute("width", String(share === null ? 0 : share * size.width));
  }
}

function text(name: string, y: number, content: string): SVGTextElement {
  return svg("text", { class: name, x: TEXT_AT, y }, document.createTextNode(content));
}

/** In two lines, if that is what it takes. */
function far(title: string, room: number, fonts: Fonts): SVGTextElement[] {
  if (widthOf(title, fonts.far) <= room) {
    return [text("far", 30, title)];
  }
  return halves(title).map((half, line) =>
    text("far small", 20 + 18 * line, shorten(half, room, fonts.farSmall)),
  );
}

/** Behind a sign that is about in the middle. */
function halves(title: string): [string, string] {
  const middle = title.length / 2;
  const breaks = [...title.matchAll(/[\s_@.-]/g)].map(({ index }) => index + 1);
  const [at = Math.ceil(middle)] = breaks.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  return [title.slice(0, at), title.slice(at)];
}

/** Around variants that stand together. */
function frame({ at, width, height }: Layout["blocks"][number]): SVGRectElement {
  return svg("rect", { class: "block", rx: 6, x: at.x - width / 2, y: at.y - height / 2, width, height });
}

/** Others behind it. */
function pile(size: Size, by: number): SVGRectElement {
  return svg("rect", { class: "card pile", rx: 4, x: by, y: by, ...size });
}

/** Level where it begins, bends and ends, with a head. */
function curve(route: readonly Point[]): string {
  const [start, ...others] = route;
  if (!start) {
    return "";
  }
  let [path, at] = [`M${start.x} ${start.y}`, start];
  for (const point of others) {
    const middle = (at.x + point.x) / 2;
    path += ` C${middle} ${at.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    at = point;
  }
  return `${path} M${at.x - 6} ${at.y - 4} L${at.x} ${at.y} L${at.x - 6} ${at.y + 4}`;
}
