/** Which part of the drawing is seen: by wheel, by dragging, by keys. */
import type { View } from "../../src/graph/messages";
import type { Point, Size } from "./layout";

const MARGIN = 32;
const LEAST = 0.05;
const MOST = 2.5;
/** From this scale down, names are all that can be read; and from that, not even these. */
const FAR = 0.62;
const FARTHEST = 0.28;
/** Moving less than this is a click with an unsteady hand. */
const SLACK = 4;

export class Viewport {
  view: View = { x: 0, y: 0, scale: 1 };
  /** Nobody has moved it since all was shown. */
  isFitted = false;
  private drawing: Size = { width: 0, height: 0 };

  constructor(
    private readonly frame: SVGSVGElement,
    private readonly scene: SVGGElement,
    private readonly changed: () => void,
    resized: () => void,
  ) {
    frame.addEventListener("wheel", (event) => {
      this.wheel(event);
    });
    frame.addEventListener("pointerdown", (event) => {
      this.drag(event);
    });
    new ResizeObserver(resized).observe(frame);
  }

  get size(): Size {
    return { width: this.frame.clientWidth, height: this.frame.clientHeight };
  }

  /** How large what is drawn is. */
  measure(drawing: Size): void {
    this.drawing = drawing;
  }

  set(view: View): void {
    this.view = view;
    this.isFitted = false;
    this.scene.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    this.frame.classList.toggle("far", this.isFar);
    this.frame.classList.toggle("farthest", view.scale < FARTHEST);
    this.changed();
  }

  /** The scale at which everything can be seen. */
  get fitting(): number {
    const { width, height } = this.size;
    return Math.min((width - 2 * MARGIN) / this.drawing.width, (height - 2 * MARGIN) / this.drawing.height);
  }

  get isFar(): boolean {
    return this.view.scale < FAR;
  }

  fit(): void {
    const scale = clamp(this.fitting, LEAST, 1);
    this.centre({ x: 0, y: 0 }, scale);
    this.isFitted = true;
  }

  /** As near to the middle as it can be without showing much that is empty. */
  centre(at: Point, scale = this.view.scale): void {
    const { width, height } = this.size;
    const x = within(width / 2 - at.x * scale, this.drawing.width * scale, width);
    const y = within(height / 2 - at.y * scale, this.drawing.height * scale, height);
    this.set({ x, y, scale });
  }

  /** As little as it takes to see a node of this size there; not below what covers the right corner. */
  reveal(at: Point, node: Size, corner: Size): void {
    const { width, height } = this.size;
    const { x, y, scale } = this.view;
    const [wide, high] = [(node.width / 2) * scale + MARGIN, (node.height / 2) * scale + MARGIN];
    const dx = into(at.x * scale + x, wide, width);
    const isRight = at.x * scale + x + dx + wide > width - corner.width;
    const dy = into(at.y * scale + y, high, isRight ? height - corner.height : height);
    if (dx !== 0 || dy !== 0) {
      this.set({ x: x + dx, y: y + dy, scale });
    }
  }

  /** Around a point of the frame; its middle, if none is given. */
  zoom(factor: number, around?: Point): void {
    const { width, height } = this.size;
    const { x, y, scale } = this.view;
    const at = around ?? { x: width / 2, y: height / 2 };
    const wanted = clamp(scale * factor, Math.min(LEAST, scale), MOST);
    const by = wanted / scale;
    this.set({ x: at.x - (at.x - x) * by, y: at.y - (at.y - y) * by, scale: wanted });
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const line = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 20;
    // A pinch on a touchpad comes as a wheel with Ctrl.
    if (event.ctrlKey || event.metaKey) {
      const { left, top } = this.frame.getBoundingClientRect();
      const around = { x: event.clientX - left, y: event.clientY - top };
      this.zoom(Math.exp((-event.deltaY * line) / (event.deltaY % 1 === 0 ? 400 : 100)), around);
    } else {
      const { x, y, scale } = this.view;
      const [dx, dy] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY];
      this.set({ x: x - dx * line, y: y - dy * line, scale });
    }
  }

  private drag(down: PointerEvent): void {
    if (down.button !== 0) {
      return;
    }
    const from = this.view;
    const ended = new AbortController();
    let dragging = false;
    const move = (event: PointerEvent): void => {
      const [dx, dy] = [event.clientX - down.clientX, event.clientY - down.clientY];
      if (!dragging && Math.hypot(dx, dy) > SLACK) {
        dragging = true;
        this.frame.setPointerCapture(down.pointerId);
        this.frame.classList.add("dragging");
      }
      if (dragging) {
        this.set({ ...this.view, x: from.x + dx, y: from.y + dy });
      }
    };
    const end = (): void => {
      ended.abort();
      this.frame.classList.remove("dragging");
    };
    this.frame.addEventListener("pointermove", move, { signal: ended.signal });
    this.frame.addEventListener("pointerup", end, { signal: ended.signal });
    this.frame.addEventListener("pointercancel", end, { signal: ended.signal });
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Where something of this length begins in a window, so that it fills it, or is in its middle. */
function within(start: number, length: number, window: number): number {
  return length < window ? (window - length) / 2 : clamp(start, window - length - MARGIN, MARGIN);
}

/** By how much something around `at` has to move to be between 0 and `length`. */
function into(at: number, half: number, length: number): number {
  if (2 * half > length) {
    return length / 2 - at;
  }
  return clamp(at, half, length - half) - at;
}
