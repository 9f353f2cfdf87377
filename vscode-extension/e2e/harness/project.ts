/** A project in a folder of its own, edited and run from outside of the editor. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LIMIT } from "./until.ts";

export const REPOSITORY = join(import.meta.dirname, "..", "..", "..");

/** The Python that has Pivot and its language server. */
export const PYTHON = process.env.PIVOT_PYTHON ?? join(REPOSITORY, ".venv", "bin", "python");

export class Project {
  readonly root: string;

  private constructor(name: string) {
    this.root = join(realpathSync(mkdtempSync(join(tmpdir(), "pivot-e2e-"))), name);
    mkdirSync(this.root);
  }

  /** The given files. */
  static of(name: string, files: Record<string, string>): Project {
    const project = new Project(name);
    for (const [path, text] of Object.entries(files)) {
      project.write(path, text);
    }
    return project;
  }

  /** What ``pivot-core init`` writes for a person who begins. */
  static scaffold(name: string): Project {
    const project = new Project(name);
    project.pivot("init");
    return project;
  }

  /** A copy of one of the repository's examples. */
  static example(name: string): Project {
    const project = new Project(name);
    const skip = /(^|\/)(\.pivot|build|__pycache__)$/;
    cpSync(join(REPOSITORY, "examples", name), project.root, {
      recursive: true,
      filter: (path) => !skip.test(path),
    });
    return project;
  }

  pivot(...command: string[]): string {
    const done = spawnSync(PYTHON, ["-m", "pivot_core", ...command], {
      cwd: this.root,
      encoding: "utf8",
      timeout: 2 * LIMIT,
    });
    if (done.status !== 0) {
      throw new Error(
        `pivot-core ${command.join(" ")} ended with ${done.status}:\n${done.stdout}${done.stderr}`,
      );
    }
    return done.stdout;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  edit(name: string, before: string, after: string): void {
    const text = this.read(name);
    if (text.split(before).length !== 2) {
      throw new Error(`${name} doesn't have ${JSON.stringify(before)} just once`);
    }
    this.write(name, text.replace(before, after));
  }
}

/** Line and column, from 1, of where ``what`` begins in the text. */
export function place(text: string, what: string): [number, number] {
  const before = text.slice(0, text.indexOf(what));
  return [before.split("\n").length, before.length - before.lastIndexOf("\n")];
}
