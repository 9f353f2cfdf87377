/** The whole pipeline in a corner, when only a part of it is seen: where that is, and where something is the matter. */
import { svg } from "./dom";
import type { Graph } from "./families";
import type { Layout, Size } from "./layout";
import { lookOfNode } from "./looks";
import type { Viewport } from "./viewport";

const WIDEST = 180;
const HIGHEST = 130;

export class Minimap {
  private readonly seen = svg("rect", { class: "seen" });
  private dots = new Map<string, SVGRectElement>();
  private layout: Layout | undefined;

  constructor(
    private readonly frame: SVGSVGElement,
    private readonly viewport: Viewport,
  ) {
    const go = (event: PointerEvent): void => {
      if (event.buttons & 1) {
        this.goTo(event);
      }
    };
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      go(event);
    });
    frame.addEventListener("pointermove", go);
  }

  draw(graph: Graph, layout: Layout, size: Size): void {
    this.layout = layout;
    this.dots = new Map();
    layout.places.forEach(({ x, y }, id) => {
      const at = { x: x - size.width / 2, y: y - size.height / 2 };
      this.dots.set(id, svg("rect", { ...at, ...size }));
    });
    const scale = Math.min(WIDEST / layout.width, HIGHEST / layout.height);
    this.frame.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
    this.frame.setAttribute("width", String(Math.max(24, layout.width * scale)));
    this.frame.setAttribute("height", String(Math.max(24, layout.height * scale)));
    this.frame.replaceChildren(...this.dots.values(), this.seen);
    this.update(graph);
    this.follow();
  }

  update(graph: Graph): void {
    graph.nodes.forEach((node, id) => this.dots.get(id)?.setAttribute("class", lookOfNode(node)));
  }

  /** What it covers of the drawing. */
  get size(): Size {
    return { width: this.frame.clientWidth, height: this.frame.clientHeight };
  }

  /** Mark what is seen. */
  follow(): void {
    const { layout } = this;
    const { view, size } = this.viewport;
    if (!layout) {
      return;
    }
    const [left, top] = [-view.x / view.scale, -view.y / view.scale];
    const [width, height] = [size.width / view.scale, size.height / view.scale];
    this.seen.setAttribute("x", String(left));
    this.seen.setAttribute("y", String(top));
    this.seen.setAttribute("width", String(width));
    this.seen.setAttribute("height", String(height));
    const all = left <= 0 && top <= 0 && left + width >= layout.width && top + height >= layout.height;
    this.frame.classList.toggle("hidden", all);
  }

  private goTo(event: PointerEvent): void {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    const layout = this.layout;
    if (layout) {
      // As `preserveAspectRatio` has it: in the middle of the frame.
      const scale = Math.min(width / layout.width, height / layout.height);
      const x = (event.clientX - left - (width - layout.width * scale) / 2) / scale;
      const y = (event.clientY - top - (height - layout.height * scale) / 2) / scale;
      this.viewport.centre({ x, y });
    }
  }
}
