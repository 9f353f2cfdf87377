/// <reference lib="dom" />
/** What a program can tell of how a page is for people who see it badly, or hear it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type axe from "axe-core";
import type { Frame } from "playwright-core";
import type { Project } from "./project.ts";
import { LIMIT, until } from "./until.ts";
import type { Window } from "./window.ts";

const AXE = readFileSync(join(import.meta.dirname, "..", "node_modules", "axe-core", "axe.min.js"), "utf8");
export const THEMES = [
  "Dark Modern",
  "Light Modern",
  "Default High Contrast",
  "Default High Contrast Light",
];
/** Of text to what is behind it, by WCAG 2.2 AA. */
const CONTRAST = 4.5;

/** Chooses a theme in the folder, or its `.code-workspace`, and waits until the page has it. */
export async function wear(
  theme: string,
  window: Window,
  project: Project,
  workspace?: string,
): Promise<void> {
  const settings = { "workbench.colorTheme": theme };
  if (workspace === undefined) {
    project.write(".vscode/settings.json", JSON.stringify(settings));
  } else {
    const whole = JSON.parse(project.read(workspace)) as object;
    project.write(workspace, JSON.stringify({ ...whole, settings }));
  }
  const page = await window.frame();
  await until(theme, LIMIT, () =>
    page.evaluate((wanted) => document.body.dataset.vscodeThemeId === wanted, theme),
  );
}

/** Of the page in the webview that is shown: what axe finds, and texts in drawings that are hard to read. */
export async function flaws(window: Window): Promise<string[]> {
  const page = await window.frame();
  return [...(await found(page)), ...(await faint(page))];
}

async function found(page: Frame): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] }),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary ?? ""}`),
  );
}

/** Of a page that may run no scripts, so that axe would never end in it: of a copy. */
export async function flawsOfText(window: Window): Promise<string[]> {
  const content = await (await window.frame()).content();
  const copy = await window.page.context().newPage();
  try {
    await copy.setContent(content);
    // That of the editor is behind the page.
    await copy.addStyleTag({ content: "html { background: var(--vscode-editor-background) }" });
    return await found(copy.mainFrame());
  } finally {
    await copy.close();
  }
}

/** axe doesn't look at texts in SVG. */
function faint(page: Frame): Promise<string[]> {
  return page.evaluate((enough) => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const paint = (colours: string[]): number[] => {
      for (const colour of colours) {
        if (context) {
          context.fillStyle = colour;
          context.fillRect(0, 0, 1, 1);
        }
      }
      return [...(context?.getImageData(0, 0, 1, 1).data ?? [])];
    };
    const luminance = (rgb: number[]): number => {
      const [r = 0, g = 0, b = 0] = rgb.map((each) => {
        const share = each / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll(".node text")].flatMap((text) => {
      const card = text.parentElement?.querySelector(".card:not(.pile)");
      if (!card || getComputedStyle(text).display === "none") {
        return [];
      }
      const behind = [getComputedStyle(document.body).backgroundColor, getComputedStyle(card).fill];
      const [dark = 0, light = 0] = [
        luminance(paint(behind)),
        luminance(paint([...behind, getComputedStyle(text).fill])),
      ].sort((a, b) => a - b);
      const contrast = (light + 0.05) / (dark + 0.05);
      return contrast < enough
        ? [`contrast of ${contrast.toFixed(2)}: ${text.getAttribute("class") ?? ""} ${text.textContent}`]
        : [];
    });
  }, CONTRAST);
}
