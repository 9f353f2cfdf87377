/**
 * The package that came with this extension, and how it is installed. It isn't asked for by its name: nobody promises
 * that what an index has under that name is ours.
 */
import { readdirSync } from "node:fs";
import * as path from "node:path";
import type { Python } from "./probe";

/** The wheel in a copy of this extension. Throws if there isn't one: then it was packed without. */
export function findWheel(extension: string): string {
  const folder = path.join(extension, "wheel");
  const [name, ...others] = readdirSync(folder).filter((each) => /^pivot_core-.*\.whl$/.test(each));
  if (name === undefined || others.length > 0) {
    throw new Error(`${folder} has ${name === undefined ? "no wheel" : "several wheels"} of pivot-core`);
  }
  return path.join(folder, name);
}

export type Command = readonly [program: string, ...args: string[]];

/** One after the other. `replace`: what is installed may have the same version, and be older all the same. */
export function installing(
  wheel: string,
  python: string,
  { pip }: Pick<Python, "pip">,
  replace: boolean,
): readonly Command[] {
  const server = `${wheel}[lsp]`;
  if (!pip) {
    // Environments that uv has made have no pip of their own.
    const again = replace ? ["--reinstall-package", "pivot-core"] : [];
    return [["uv", "pip", "install", "--python", python, ...again, server]];
  }
  const install = [python, "-m", "pip", "install"] as const;
  // To pip, that version is there already; with all that it needs it would be another thing to install it anew.
  const again: Command[] = replace ? [[...install, "--force-reinstall", "--no-deps", wheel]] : [];
  return [...again, [...install, server]];
}
