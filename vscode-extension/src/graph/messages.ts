/** What the graph's page and the extension say to one another. */
import type { Pipeline } from "../protocol";

export type ToPage =
  /** The page draws it anew, or only what is other. No pipeline: none is known (yet). */
  | { readonly kind: "pipeline"; readonly root: string | null; readonly pipeline: Pipeline | null }
  /** Show this stage. */
  | { readonly kind: "reveal"; readonly stage: string };

/** "show" is "open" that leaves the focus where it is. */
export type Deed = "show" | "open" | "run" | "runWithUpstream" | "cancel" | "explain" | "compare";

export type FromPage =
  | { readonly kind: "ready" }
  | { readonly kind: "do"; readonly deed: Deed; readonly stage: string }
  /** The place of one of the stage's reasons, by its index. */
  | { readonly kind: "reason"; readonly stage: string; readonly index: number }
  /** One of the stage's inputs or outputs, by its path. */
  | { readonly kind: "artifact"; readonly stage: string; readonly path: string };

export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** What the page keeps while nobody sees it, and over a restart of the editor. */
export interface Kept {
  readonly root: string | null;
  readonly view: View | null;
  /** Families that somebody wants otherwise than they are by default. */
  readonly toggled: readonly string[];
  readonly selected: string | null;
}
