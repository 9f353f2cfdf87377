/** Which Python to use, of those that are known of. */
import * as path from "node:path";

export type Source = "setting" | "environments" | "python" | "folder" | "path";

export interface Interpreter {
  readonly path: string;
  readonly source: Source;
}

/** What people decided, first; what lies about, last. */
const ORDER: readonly Source[] = ["setting", "environments", "python", "folder", "path"];

/**
 * The first that there is. Without trust, none from inside these folders: to ask it for its version would
 * be to run a program of the folder's.
 */
export function choose(
  known: Readonly<Partial<Record<Source, string>>>,
  trusted: boolean,
  folders: readonly string[],
): Interpreter | undefined {
  return ORDER.flatMap((source) => {
    const found = known[source];
    const allowed = found && (trusted || !folders.some((folder) => isInside(found, folder)));
    return allowed ? [{ path: found, source }] : [];
  })[0];
}

/** Whether a path is the folder or in it, going by the names. */
export function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || (relative !== ".." && !relative.startsWith("../"));
}

/** The setting as a path: `~`, `${workspaceFolder}` and what is relative to the folder. */
export function expand(setting: string, folder: string, home: string): string {
  const replaced = setting
    .trim()
    .replaceAll("${workspaceFolder}", folder)
    .replace(/^~(?=$|\/)/, home);
  return replaced.includes("/") ? path.resolve(folder, replaced) : replaced;
}

/** Those that aren't in another one: a file belongs to one server. */
export function outermost(folders: readonly string[]): string[] {
  return folders.filter((folder) => !folders.some((other) => other !== folder && isInside(folder, other)));
}
