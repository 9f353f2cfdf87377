/** Keys and clicks in the drawing. */
import type { Deed } from "../../src/graph/messages";
import type { Drawing } from "./drawing";
import type { Direction } from "./ways";
import { first, last, next } from "./ways";

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export interface Handlers {
  readonly graph: () => Drawing;
  readonly selected: () => string | null;
  readonly select: (id: string | null, focus: boolean) => void;
  /** "open" of several stages in one node shows them one by one. */
  readonly act: (id: string, deed: Deed) => void;
  readonly search: () => void;
}

export function listen(frame: SVGSVGElement, handlers: Handlers): void {
  frame.addEventListener("keydown", (event) => {
    if (!event.altKey && press(event, handlers)) {
      event.preventDefault();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "f" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      handlers.search();
    }
  });
  frame.addEventListener("focusin", (event) => {
    const id = idOf(event.target) ?? handlers.selected() ?? first(handlers.graph().graph);
    if (id !== undefined && (id !== handlers.selected() || event.target === frame)) {
      handlers.select(id, true);
    }
  });
  listenToClicks(frame, handlers);
}

/** A click that ended a drag is none. */
function listenToClicks(frame: SVGSVGElement, { select, act }: Handlers): void {
  let at = { x: 0, y: 0 };
  const view = (event: MouseEvent): { x: number; y: number } => ({ x: event.clientX, y: event.clientY });
  frame.addEventListener("pointerdown", (event) => {
    at = view(event);
    // The focus goes where a click, not a drag, ends.
    event.preventDefault();
  });
  frame.addEventListener("click", (event) => {
    const id = idOf(event.target);
    if (Math.hypot(event.clientX - at.x, event.clientY - at.y) > 4) {
      return;
    }
    select(id ?? null, true);
    if (id !== undefined) {
      act(id, "show");
    }
  });
  frame.addEventListener("dblclick", (event) => {
    const id = idOf(event.target);
    if (id !== undefined) {
      act(id, "open");
    }
  });
}

/** True if the key means something. */
function press(event: KeyboardEvent, handlers: Handlers): boolean {
  const { graph, layout, viewport } = handlers.graph();
  const selected = handlers.selected();
  const go = (id: string | undefined): boolean => {
    if (id !== undefined) {
      handlers.select(id, true);
    }
    return true;
  };
  const direction = ARROWS[event.key];
  if (direction !== undefined) {
    return go(selected === null ? first(graph) : next(graph, layout, selected, direction));
  }
  if ((event.key === "Enter" || event.key === " ") && selected !== null) {
    handlers.act(selected, event.key === "Enter" ? "open" : "show");
    return true;
  }
  const others: Readonly<Record<string, () => unknown>> = {
    Home: () => go(first(graph)),
    End: () => go(last(graph)),
    "+": () => {
      viewport.zoom(1.25);
    },
    "-": () => {
      viewport.zoom(0.8);
    },
    "0": () => {
      viewport.fit();
    },
    "/": handlers.search,
    Escape: () => {
      handlers.select(null, false);
    },
  };
  const other = others[event.key];
  other?.();
  return other !== undefined;
}

/** The node that something in the drawing belongs to. */
function idOf(target: EventTarget | null): string | undefined {
  const node = target instanceof Element ? target.closest("[data-id]") : null;
  return node?.getAttribute("data-id") ?? undefined;
}
