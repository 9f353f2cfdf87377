/** What a person sees in a window of the workbench, and does there. */

import type { Frame, FrameLocator, Locator, Page } from "playwright-core";
import { LIMIT, until } from "./until.ts";

export class Window {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The lenses of the editor, each line's as one text: "never run | Run | Explain". */
  async lenses(): Promise<string[]> {
    const lines = await this.page.locator(".codelens-decoration:visible").allInnerTexts();
    return lines.map(plain).filter((line) => line !== "");
  }

  /** Buttons among the lenses: those with this text, in lines with that one. */
  lens(text: string | RegExp, of?: string | RegExp): Locator {
    const lines = this.page.locator(".codelens-decoration:visible");
    const line = of === undefined ? lines : lines.filter({ hasText: of });
    return line.locator("a").filter({ hasText: text });
  }

  /** Clicks a lens until the lenses say something else: VS Code drops a click on one that it draws anew meanwhile. */
  async press(lens: Locator): Promise<void> {
    const before = (await this.lenses()).join("\n");
    const changed = async () => (await this.lenses()).join("\n") !== before;
    await until("lenses that say something else", LIMIT, async () => {
      await lens.click({ timeout: LIMIT / 6 }).catch(() => undefined);
      return until("", LIMIT / 12, changed).catch(() => false);
    });
  }

  /** Waits for a lens line with this in it. */
  async seesLens(wanted: RegExp, limit = LIMIT): Promise<string> {
    let seen: string[] = [];
    try {
      return await until("", limit, async () => {
        seen = await this.lenses();
        return seen.find((line) => wanted.test(line));
      });
    } catch {
      throw new Error(`no lens ${wanted} in ${limit / 1000} s, but ${JSON.stringify(seen)}`);
    }
  }

  /** Loads the window again if it came up without the folders of its workspace, as VS Code in a browser does
   * now and then. The open file tells: in a folder it is called by that. */
  async hasFolder(name: string): Promise<void> {
    const first = this.page.locator(".breadcrumbs-control .monaco-breadcrumb-item").first();
    await first.waitFor();
    try {
      await first.filter({ hasText: name }).waitFor({ timeout: LIMIT / 6 });
    } catch {
      await this.page.reload();
      await first.filter({ hasText: name }).waitFor();
    }
  }

  async seesNoInternalError(): Promise<void> {
    const told = this.page.locator(".notification-toast").filter({ hasText: "Pivot has an internal error" });
    if ((await told.count()) > 0) {
      throw new Error(await told.first().innerText());
    }
  }

  squiggle(kind: "error" | "warning" | "info"): Locator {
    return this.page.locator(`.squiggly-${kind}`);
  }

  async command(title: string): Promise<void> {
    const input = await this.input("F1");
    await input.fill(`>${title}`);
    const row = this.page.locator(".quick-input-list .monaco-list-row").first();
    await row.filter({ hasText: title.replace(/^.*: /, "") }).waitFor();
    await input.press("Enter");
    // Gone, or asking for something else.
    await until(`the end of ${title}`, LIMIT, async () => {
      return !(await input.isVisible()) || !(await input.inputValue()).startsWith(">");
    });
  }

  /** Of what a command asks for. */
  async choose(text: string): Promise<void> {
    await this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text }).first().click();
  }

  /** Opens a file of the folder, in the editor that has the focus. */
  async open(name: string, line?: number, column?: number): Promise<void> {
    const input = await this.input("Control+p");
    await input.fill(name);
    const row = this.page.locator(".quick-input-list .monaco-list-row").first();
    await row.filter({ hasText: name.replace(/^.*\//, "") }).waitFor();
    await input.press("Enter");
    await this.page
      .locator(".tab.active")
      .filter({ hasText: name.replace(/^.*\//, "") })
      .waitFor();
    if (line !== undefined) {
      await this.goTo(line, column);
    }
  }

  async goTo(line: number, column = 1): Promise<void> {
    const input = await this.input("Control+g");
    await input.fill(`:${line}:${column}`);
    await input.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+s");
    await this.page.locator(".tab.active.dirty").waitFor({ state: "hidden" });
  }

  /** To what is saved. */
  async undoAll(): Promise<void> {
    await until("nothing to undo", LIMIT, async () => {
      await this.page.keyboard.press("Control+z");
      return (await this.page.locator(".tab.active.dirty").count()) === 0;
    });
  }

  /** The text of the editor's lines that are in view. */
  async text(): Promise<string> {
    const lines = this.page.locator(".editor-instance .view-lines").first();
    return (await lines.innerText()).replaceAll("\u00a0", " ");
  }

  /** In the panel of problems, which this opens. */
  async problem(text: string | RegExp): Promise<Locator> {
    const rows = this.page.locator(".markers-panel .monaco-list-row");
    await this.page.keyboard.press("Control+Shift+m");
    await rows.first().waitFor();
    return rows.filter({ hasText: text }).first();
  }

  /** Waits for this in the panel of output, where long lines are wrapped. */
  async output(text: string): Promise<void> {
    const lines = this.page.locator(".output-view .view-lines");
    const squeezed = text.replace(/\s/g, "");
    await until(`output with ${text}`, LIMIT, async () => {
      return (await lines.innerText()).replace(/\s/g, "").includes(squeezed);
    });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-toast").filter({ hasText: text }).first();
  }

  /** The page in a webview whose editor is shown. */
  webview(): FrameLocator {
    return this.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  }

  /** The same, to run code in. */
  async frame(): Promise<Frame> {
    const inner = this.page.frameLocator("iframe.webview.ready").locator("iframe#active-frame");
    const frame = await (await inner.elementHandle()).contentFrame();
    if (!frame) {
      throw new Error("the webview has no page");
    }
    return frame;
  }

  /** Opens the view of the pipeline. */
  async pipeline(): Promise<void> {
    // Its number lies over the icon.
    const icon = this.page.locator('a[aria-label^="Pivot"]');
    await this.page.locator(".activitybar .action-item").filter({ has: icon }).click();
    await this.page.locator(".composite.title").filter({ hasText: "Pivot: Pipeline" }).waitFor();
  }

  /** Presses a key until what it opens is there: in a busy workbench, what comes up may close it at once. */
  async opens(key: string, what: Locator): Promise<Locator> {
    return until(`what ${key} opens`, LIMIT, async () => {
      await this.page.keyboard.press(key);
      const opened = what.waitFor({ timeout: 5000 }).then(() => true);
      return (await opened.catch(() => false)) && what;
    });
  }

  /** What a key opens to be typed into. */
  private input(key: string): Promise<Locator> {
    return this.opens(key, this.page.locator(".quick-input-widget input").first());
  }

  tree(text: string | RegExp): Locator {
    return this.page.locator(".pane-body [role=treeitem]").filter({ hasText: text }).first();
  }
}

function plain(text: string): string {
  return text.replace(/[\s\u00a0]+/g, " ").trim();
}
