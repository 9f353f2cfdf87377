/** Below the drawing: all there is to say about the stage that is selected, and what can be done with it. */
import type { Deed, FromPage } from "../../src/graph/messages";
import { isNews } from "../../src/outline";
import type { Input, Output, Stage } from "../../src/protocol";
import { button, byId, html } from "./dom";
import type { Node } from "./families";
import { lookOfNode, verdictOf } from "./looks";

/** So many reasons, or files, are read; of more, a number. */
const MOST = 6;

const DEEDS: readonly {
  readonly deed: Deed;
  readonly label: string;
  readonly fits: (stage: Stage) => boolean;
}[] = [
  { deed: "open", label: "Open", fits: () => true },
  { deed: "run", label: "Run", fits: (stage) => stage.activity === null && stage.state !== "fresh" },
  {
    deed: "runWithUpstream",
    label: "Run with Upstream",
    fits: (stage) => stage.activity === null && stage.state !== "fresh" && stage.upstream.length > 0,
  },
  { deed: "cancel", label: "Cancel", fits: (stage) => stage.activity !== null },
  { deed: "explain", label: "Explain", fits: (stage) => stage.reasons.length > 0 },
  {
    deed: "compare",
    label: "What Changed",
    fits: (stage) => stage.reasons.some(({ kind }) => kind === "code" || kind === "definition"),
  },
];

interface Callbacks {
  readonly send: (message: FromPage) => void;
  readonly select: (stage: string) => void;
  readonly unfold: (family: string) => void;
  /** What the stage could be folded into. */
  readonly foldable: (stage: string) => string | undefined;
  readonly fold: (family: string) => void;
}

export class Details {
  private readonly element = byId("details", HTMLElement);
  private readonly verdict = html("span", { class: "verdict" });
  /** What is shown, but for the verdict. */
  private shape = "";

  constructor(private readonly callbacks: Callbacks) {}

  show(node: Node | undefined): void {
    const [stage] = node?.stages ?? [];
    this.element.hidden = !node;
    if (!node || !stage) {
      return;
    }
    this.element.className = lookOfNode(node);
    const content = node.family === null ? this.stage(node, stage) : this.family(node);
    this.verdict.textContent = verdictOf(node);
    const shape = content.map((each) => each.textContent).join("\n");
    // A button that is about to be clicked, or has the focus, stays while a run changes what is said.
    if (shape !== this.shape) {
      const focused = this.focusedIndex();
      this.shape = shape;
      this.element.replaceChildren(...content);
      this.controls()[focused]?.focus();
    }
    this.element.querySelector(".head strong")?.after(this.verdict);
  }

  private stage(node: Node, stage: Stage): HTMLElement[] {
    const { send, foldable, fold } = this.callbacks;
    const family = foldable(stage.name);
    const buttons = DEEDS.filter(({ fits }) => fits(stage)).map(({ deed, label }) =>
      button(label, () => {
        send({ kind: "do", deed, stage: stage.name });
      }),
    );
    if (family !== undefined) {
      buttons.push(
        button(`Fold ${family}`, () => {
          fold(family);
        }),
      );
    }
    return [
      head(stage.name, buttons),
      ...this.reasons(stage),
      ...this.files("Reads", stage, stage.inputs),
      ...this.files("Writes", stage, stage.outputs),
    ];
  }

  private family(node: Node): HTMLElement[] {
    const { family } = node;
    const unfold = button("Unfold", () => {
      if (family !== null) {
        this.callbacks.unfold(family);
      }
    });
    return [
      head(node.title, [unfold]),
      list(
        "Stages",
        node.stages.map((stage) =>
          this.link(stage.name, () => {
            this.callbacks.select(stage.name);
          }),
        ),
      ),
    ];
  }

  /** The first is in the summary already, but its place isn't. */
  private reasons(stage: Stage): HTMLElement[] {
    const items = stage.reasons.flatMap((reason, index) => {
      if (!isNews(reason)) {
        return [];
      }
      const text = reason.subject ? `${reason.subject} ${reason.detail}` : reason.detail;
      return reason.location
        ? this.link(text, () => {
            this.callbacks.send({ kind: "reason", stage: stage.name, index });
          })
        : html("span", {}, text);
    });
    return items.length > 0 ? [list("Because", items)] : [];
  }

  private files(title: string, stage: Stage, files: readonly (Input | Output)[]): HTMLElement[] {
    const items = files.map(({ path, exists }) =>
      exists
        ? this.link(path, () => {
            this.callbacks.send({ kind: "artifact", stage: stage.name, path });
          })
        : html("span", { class: "missing" }, `${path} (isn't there)`),
    );
    return items.length > 0 ? [list(title, items)] : [];
  }

  private link(label: string, pressed: () => void): HTMLElement {
    return button(label, pressed, { class: "link" });
  }

  private controls(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll("button")];
  }

  private focusedIndex(): number {
    return this.controls().findIndex((each) => each === document.activeElement);
  }
}

function head(name: string, buttons: HTMLElement[]): HTMLElement {
  return html(
    "div",
    { class: "head" },
    html("strong", {}, name),
    html("span", { class: "buttons" }, ...buttons),
  );
}

function list(title: string, items: readonly HTMLElement[]): HTMLElement {
  const rest = items.length - MOST;
  return html(
    "div",
    { class: "list" },
    html("span", { class: "title" }, title),
    ...items.slice(0, MOST),
    ...(rest > 0 ? [html("span", {}, `and ${rest} more`)] : []),
  );
}
