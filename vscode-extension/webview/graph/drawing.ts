/** The graph as it is drawn: its layout, the part that is seen, and the whole in a corner. */
import type { View } from "../../src/graph/messages";
import type { Stage } from "../../src/protocol";
import { byId } from "./dom";
import type { Graph } from "./families";
import { graphOf } from "./families";
import type { Layout, Size } from "./layout";
import { layOut } from "./layout";
import { LOOKS, lookOfNode } from "./looks";
import { Minimap } from "./minimap";
import type { Fonts } from "./scene";
import { cardSize, Scene } from "./scene";
import { Viewport } from "./viewport";

/** A pipeline that would be smaller than this as a whole is begun where something is the matter. */
const READABLE = 0.4;
const BEGINNING = 0.8;

export class Drawing {
  readonly viewport: Viewport;
  readonly scene: Scene;
  graph: Graph = { nodes: new Map(), edges: [], families: [] };
  layout: Layout = { width: 0, height: 0, places: new Map(), routes: [], blocks: [] };
  private selected: string | null = null;
  private readonly minimap: Minimap;
  private readonly fonts = fonts();
  private size: Size = { width: 0, height: 0 };
  /** Of the graph that is drawn: all but the verdicts. */
  private shape = "";

  constructor(frame: SVGSVGElement, moved: () => void) {
    const scene = byId("scene", SVGGElement);
    this.scene = new Scene(scene, this.fonts);
    const changed = (): void => {
      this.minimap.follow();
      moved();
    };
    this.viewport = new Viewport(frame, scene, changed, () => {
      this.adapt();
    });
    this.minimap = new Minimap(byId("minimap", SVGSVGElement), this.viewport);
  }

  /** True if it had to be laid out, and so isn't where it was. */
  show(stages: readonly Stage[], together: (family: string) => boolean): boolean {
    this.graph = graphOf(stages, together);
    const shape = JSON.stringify([[...this.graph.nodes.keys()], this.graph.edges]);
    if (shape === this.shape) {
      this.scene.update(this.graph, this.size);
      this.minimap.update(this.graph);
      return false;
    }
    this.shape = shape;
    this.size = cardSize(this.graph.nodes.values(), this.fonts);
    this.layout = layOut(this.graph, this.size);
    this.viewport.measure(this.layout);
    this.scene.draw(this.graph, this.layout, this.size);
    this.minimap.draw(this.graph, this.layout, this.size);
    return true;
  }

  /** The id of the node that shows this stage. */
  nodeOf(stage: string): string | undefined {
    return [...this.graph.nodes.values()].find((node) => node.stages.some(({ name }) => name === stage))?.id;
  }

  /** As it was when it was last seen, or all of it, or what matters most. */
  begin(view: View | null): void {
    const worst = this.worst();
    const at = worst !== undefined && this.layout.places.get(worst);
    if (view) {
      this.viewport.set(view);
    } else if (at && this.viewport.fitting < READABLE) {
      this.viewport.centre(at, BEGINNING);
    } else {
      this.viewport.fit();
    }
  }

  reveal(id: string): void {
    const at = this.layout.places.get(id);
    if (at) {
      this.viewport.reveal(at, this.size, this.minimap.size);
    }
  }

  /** To the middle, and so that it can be read, also if all was seen from afar. */
  approach(id: string): void {
    const at = this.layout.places.get(id);
    if (at) {
      this.viewport.centre(at, this.viewport.isFar ? BEGINNING : undefined);
    }
  }

  select(id: string | null): void {
    this.selected = id;
    this.scene.select(id);
  }

  focus(id: string): void {
    this.reveal(id);
    this.scene.element(id)?.focus({ preventScroll: true });
  }

  /** To a window of another size. */
  private adapt(): void {
    if (this.viewport.isFitted && this.viewport.fitting >= READABLE) {
      this.viewport.fit();
    } else if (this.selected !== null) {
      this.reveal(this.selected);
    }
    this.minimap.follow();
  }

  private worst(): string | undefined {
    const rank = ([, node]: [string, Parameters<typeof lookOfNode>[0]]): number =>
      LOOKS.indexOf(lookOfNode(node));
    return [...this.graph.nodes].sort((a, b) => rank(a) - rank(b))[0]?.[0];
  }
}

function fonts(): Fonts {
  const { fontFamily } = getComputedStyle(document.body);
  const of = (size: number, weight: number): string => `${weight} ${size}px ${fontFamily}`;
  return { name: of(13, 600), summary: of(11, 400), far: of(20, 600), farSmall: of(17, 600) };
}
