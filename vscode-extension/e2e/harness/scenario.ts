/** Scenarios: what somebody does in a window of their own, step by step, with a picture of each. */

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { CodeServer, Settings } from "./codeserver.ts";
import type { Project } from "./project.ts";
import { LIMIT } from "./until.ts";
import { Window } from "./window.ts";
import { workbench } from "./workbench.ts";

/** THEME=light shows everything in the light theme. */
const THEMES = { dark: "Default Dark Modern", light: "Default Light Modern" };
export const THEME = process.env.THEME === "light" ? "light" : "dark";
const SHOTS = join(import.meta.dirname, "..", "shots", THEME);

interface Given {
  readonly project: () => Project;
  /** The file that is open in the beginning. */
  readonly file?: string;
  /** The project's `.code-workspace`, if it is one of several folders. */
  readonly workspace?: string;
  /** The user's. */
  readonly settings?: Settings;
  /** Of the window, and how many pixels its picture has for each of its own. */
  readonly size?: { readonly width: number; readonly height: number; readonly density: number };
}

const SIZE = { width: 1280, height: 800, density: 1 };

export interface Scene {
  readonly window: Window;
  readonly project: Project;
  readonly server: CodeServer;
  /** A part of the scenario. After one that fails, those that would come after it are skipped. */
  readonly step: (title: string, work: () => Promise<void>) => Promise<void>;
}

export function scenario(name: string, given: Given, play: (scene: Scene) => Promise<void>): void {
  void test(name, { timeout: 6 * LIMIT }, async (context) => {
    const { server, browser } = await workbench();
    const project = given.project();
    server.configure({ "workbench.colorTheme": THEMES[THEME], ...given.settings });
    const { density, ...viewport } = given.size ?? SIZE;
    const tab = await browser.newContext({ viewport, deviceScaleFactor: density });
    tab.setDefaultTimeout(LIMIT);
    const window = new Window(await tab.newPage());
    const steps = new Steps(context, window, join(SHOTS, slug(name)));
    try {
      await window.page.goto(server.url(project.root, given.file, given.workspace));
      await window.page.locator(".monaco-workbench .part.editor").waitFor();
      if (given.workspace !== undefined) {
        await window.hasFolder(basename(project.root));
      }
      await play({ window, project, server, step: (title, work) => steps.take(title, work) });
    } finally {
      if (steps.failed) {
        cpSync(server.logs, join(steps.folder, "logs"), { recursive: true });
      }
      await tab.close();
      rmSync(dirname(project.root), { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

class Steps {
  failed = false;
  readonly folder: string;
  private readonly context: TestContext;
  private readonly window: Window;
  private taken = 0;

  constructor(context: TestContext, window: Window, folder: string) {
    this.context = context;
    this.window = window;
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  async take(title: string, work: () => Promise<void>): Promise<void> {
    const skip = this.failed ? "an earlier step failed" : false;
    await this.context.test(title, { skip }, async () => {
      try {
        await work();
        await this.window.seesNoInternalError();
      } catch (error) {
        this.failed = true;
        throw error;
      } finally {
        await this.photograph(this.failed ? `${title} FAILED` : title);
      }
    });
  }

  private async photograph(title: string): Promise<void> {
    this.taken += 1;
    const path = join(this.folder, `${String(this.taken).padStart(2, "0")}-${slug(title)}.png`);
    await this.window.page.screenshot({ path, animations: "disabled" });
  }
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
