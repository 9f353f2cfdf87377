/** Above the drawing: looking for stages, how many there are of each verdict, what is seen of it all. */
import type { Stage } from "../../src/protocol";
import { button, byId, html, say, svg } from "./dom";
import type { Wanted } from "./finding";
import { NOTHING } from "./finding";
import type { Look } from "./looks";
import { counts, LOOKS, SIGNS, WORDS } from "./looks";

interface Deeds {
  readonly find: (wanted: Wanted) => void;
  readonly nextFound: () => void;
  /** Out of the search, into the drawing. */
  readonly leave: () => void;
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
  readonly toggleVariants: () => void;
}

export class Toolbar {
  private readonly search = byId("search", HTMLInputElement);
  private readonly found = byId("found", HTMLElement);
  private readonly legend = byId("legend", HTMLElement);
  private readonly variants = byId("variants", HTMLButtonElement);
  private wanted = NOTHING;
  /** The legend as it is. */
  private shown = "";

  constructor(private readonly deeds: Deeds) {
    this.search.addEventListener("input", () => {
      this.want({ ...this.wanted, text: this.search.value });
    });
    this.search.addEventListener("keydown", (event) => {
      this.key(event);
    });
    this.variants.addEventListener("click", deeds.toggleVariants);
    const zooming = {
      "zoom-in": () => {
        deeds.zoom(1.25);
      },
      "zoom-out": () => {
        deeds.zoom(0.8);
      },
      fit: deeds.fit,
    };
    for (const [id, deed] of Object.entries(zooming)) {
      byId(id, HTMLButtonElement).addEventListener("click", deed);
    }
  }

  focus(): void {
    this.search.focus();
    this.search.select();
  }

  /** Of how many stages there are as many as are looked for; null: nothing is. */
  tell(found: number | null, all: number): void {
    say(this.found, found === null ? "" : `${found} of ${all}`);
    this.search.classList.toggle("none", found === 0);
  }

  /** Buttons with the number of stages of each verdict, which are the legend, too. */
  update(stages: readonly Stage[], variants: "none" | "together" | "apart"): void {
    const numbers = new Map(counts(stages).map(({ look, count }) => [look, count]));
    // One that is pressed stays, to be released.
    const shown = LOOKS.filter((look) => numbers.has(look) || this.wanted.looks.has(look));
    const legend = shown.map((look) => this.count(look, numbers.get(look) ?? 0));
    const text = legend.map(({ textContent }) => textContent).join("\n");
    if (text !== this.shown) {
      const focused = document.activeElement?.getAttribute("data-look");
      this.shown = text;
      this.legend.replaceChildren(...legend);
      legend.find((each) => each.dataset.look === focused)?.focus();
    }
    this.variants.hidden = variants === "none";
    this.variants.setAttribute("aria-pressed", String(variants === "together"));
  }

  private count(look: Look, count: number): HTMLButtonElement {
    const sign = svg(
      "svg",
      { class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true" },
      svg("circle", { cx: 8, cy: 8, r: 7.2 }),
      svg("path", { d: SIGNS[look] }),
    );
    const element = button(
      "",
      () => {
        this.toggle(look);
      },
      {
        class: `count ${look}`,
        "data-look": look,
        "aria-pressed": String(this.wanted.looks.has(look)),
        title: `Show only what is: ${WORDS[look]}`,
      },
    );
    element.append(sign, html("span", {}, `${count} ${WORDS[look]}`));
    return element;
  }

  private toggle(look: Look): void {
    const looks = new Set(this.wanted.looks);
    if (!looks.delete(look)) {
      looks.add(look);
    }
    for (const each of this.legend.children) {
      each.setAttribute("aria-pressed", String(looks.has(each.getAttribute("data-look") as Look)));
    }
    this.want({ ...this.wanted, looks });
  }

  private want(wanted: Wanted): void {
    this.wanted = wanted;
    this.deeds.find(wanted);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter") {
      this.deeds.nextFound();
    } else if (event.key === "Escape") {
      this.search.value = "";
      this.want({ ...this.wanted, text: "" });
      this.deeds.leave();
    }
  }
}
