/** The page of the graph: takes pipelines, and follows what a person does with keys and clicks. */
import type { Deed } from "../../src/graph/messages";
import type { Pipeline } from "../../src/protocol";
import { Details } from "./details";
import { byId, say } from "./dom";
import { Drawing } from "./drawing";
import type { Node } from "./families";
import { familyOf } from "./families";
import type { Wanted } from "./finding";
import { find, NOTHING } from "./finding";
import { keep, kept, onMessage, send } from "./host";
import { listen } from "./keys";
import { news } from "./news";
import { Toolbar } from "./toolbar";

/** With more stages than this, variants are one node until somebody wants it otherwise. */
const MANY = 40;

class Page {
  private readonly frame = byId("graph", SVGSVGElement);
  private readonly drawing = new Drawing(this.frame, () => {
    this.keep();
  });
  private readonly toolbar = new Toolbar({
    find: (wanted) => {
      this.look(wanted);
    },
    nextFound: () => {
      this.nextFound();
    },
    leave: () => {
      this.enter();
    },
    zoom: (factor) => {
      this.drawing.viewport.zoom(factor);
    },
    fit: () => {
      this.drawing.viewport.fit();
    },
    toggleVariants: () => {
      this.toggleVariants();
    },
  });
  private readonly details = new Details({
    send,
    select: (stage) => {
      this.seek(stage);
    },
    unfold: (family) => {
      this.toggle(family);
    },
    fold: (family) => {
      this.toggle(family);
    },
    foldable: (stage) => this.foldable(stage),
  });
  private root: string | null = null;
  private pipeline: Pipeline | null = null;
  private readonly toggled = new Set(kept()?.toggled ?? []);
  private selected: string | null = kept()?.selected ?? null;
  private wanted: Wanted = NOTHING;

  start(): void {
    listen(this.frame, {
      graph: () => this.drawing,
      selected: () => this.selected,
      select: (id, focus) => {
        this.select(id, focus);
      },
      act: (id, deed) => {
        this.act(id, deed);
      },
      search: () => {
        this.toolbar.focus();
      },
    });
    onMessage((message) => {
      if (message.kind === "reveal") {
        this.seek(message.stage);
      } else {
        this.take(message.root, message.pipeline);
      }
    });
    send({ kind: "ready" });
  }

  private take(root: string | null, pipeline: Pipeline | null): void {
    const before = this.root === root ? this.pipeline : null;
    this.root = root;
    this.pipeline = pipeline;
    this.say(pipeline);
    if (before && pipeline) {
      // What was said stays until there is something new: a run tells of itself each second.
      const said = news(before, pipeline);
      if (said !== "") {
        byId("news", HTMLElement).textContent = said;
      }
    }
    const view = kept()?.root === root ? (kept()?.view ?? null) : null;
    if (this.redraw() && !before) {
      this.drawing.begin(view);
    }
  }

  /** True if it was laid out anew. */
  private redraw(): boolean {
    const stages = this.pipeline?.stages ?? [];
    const changed = this.drawing.show(stages, (family) => this.isTogether(family));
    const { families } = this.drawing.graph;
    const together = families.length > 0 && families.every((family) => this.isTogether(family));
    this.toolbar.update(stages, families.length === 0 ? "none" : together ? "together" : "apart");
    if (this.selected !== null && !this.drawing.graph.nodes.has(this.selected)) {
      this.selected = this.drawing.nodeOf(this.selected) ?? null;
    }
    this.showSelected();
    this.look(this.wanted);
    return changed;
  }

  /** What there is instead of a pipeline, or to know about the one that is drawn. */
  private say(pipeline: Pipeline | null): void {
    const empty = !pipeline || pipeline.stages.length === 0;
    const note = byId("note", HTMLElement);
    const why = pipeline?.why ?? (empty ? "No pipeline is known here at the moment." : "");
    say(note, why);
    note.hidden = why === "";
    note.classList.toggle("alone", empty);
    document.body.classList.toggle("empty", empty);
  }

  private isTogether(family: string): boolean {
    return (this.pipeline?.stages.length ?? 0) > MANY !== this.toggled.has(family);
  }

  private foldable(stage: string): string | undefined {
    const family = familyOf(stage);
    const can = family !== undefined && this.drawing.graph.families.includes(family);
    return can && !this.isTogether(family) ? family : undefined;
  }

  private toggle(family: string): void {
    if (!this.toggled.delete(family)) {
      this.toggled.add(family);
    }
    const id = this.selected;
    const stage = id === null ? undefined : this.drawing.graph.nodes.get(id)?.stages[0]?.name;
    this.redraw();
    if (stage !== undefined) {
      this.select(this.drawing.nodeOf(stage) ?? null, true);
    }
    this.keep();
  }

  private toggleVariants(): void {
    const { families } = this.drawing.graph;
    const together = families.every((family) => this.isTogether(family));
    families
      .filter((family) => this.isTogether(family) === together)
      .forEach((family) => {
        if (!this.toggled.delete(family)) {
          this.toggled.add(family);
        }
      });
    this.redraw();
    this.drawing.begin(null);
  }

  private select(id: string | null, focus: boolean): void {
    this.selected = id;
    this.showSelected();
    if (id !== null && focus) {
      this.drawing.focus(id);
    }
    this.keep();
  }

  private showSelected(): void {
    const node = this.selected === null ? undefined : this.drawing.graph.nodes.get(this.selected);
    this.drawing.select(node?.id ?? null);
    this.details.show(node);
    // Something has to be where Tab goes to.
    this.frame.setAttribute("tabindex", node ? "-1" : "0");
  }

  private act(id: string, deed: Deed): void {
    const node: Node | undefined = this.drawing.graph.nodes.get(id);
    if (node && node.family !== null) {
      if (deed === "open") {
        this.toggle(node.family);
      }
    } else if (node?.stages[0]) {
      send({ kind: "do", deed, stage: node.stages[0].name });
    }
  }

  /** To a stage, also one that is folded away. */
  private seek(stage: string): void {
    const family = familyOf(stage);
    if (family !== undefined && this.drawing.graph.families.includes(family) && this.isTogether(family)) {
      this.toggle(family);
    }
    const id = this.drawing.nodeOf(stage) ?? null;
    this.select(id, true);
    if (id !== null) {
      this.drawing.approach(id);
    }
  }

  private enter(): void {
    const id = this.selected ?? this.drawing.graph.nodes.keys().next().value;
    if (id !== undefined) {
      this.select(id, true);
    }
  }

  private look(wanted: Wanted): void {
    this.wanted = wanted;
    const stages = this.pipeline?.stages ?? [];
    const found = find(stages, wanted);
    const ids = found && new Set(found.flatMap(({ name }) => this.drawing.nodeOf(name) ?? []));
    this.drawing.scene.light(ids);
    this.toolbar.tell(found?.length ?? null, stages.length);
    const [only] = ids ?? [];
    if (ids?.size === 1 && only !== undefined) {
      this.drawing.reveal(only);
    }
  }

  /** Behind the one that is selected, and from the first again. */
  private nextFound(): void {
    const found = find(this.pipeline?.stages ?? [], this.wanted)?.map(({ name }) => name);
    if (!found) {
      this.enter();
      return;
    }
    const at = this.selected === null ? -1 : found.indexOf(this.selected);
    const stage = found[(at + 1) % found.length];
    if (stage !== undefined) {
      this.seek(stage);
    }
  }

  private keep(): void {
    if (this.pipeline) {
      const { view } = this.drawing.viewport;
      keep({ root: this.root, view, toggled: [...this.toggled], selected: this.selected });
    }
  }
}

new Page().start();
