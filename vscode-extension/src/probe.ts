/** What a Python is and what it has, before a server is started in it. */
import { execFile } from "node:child_process";

export interface Python {
  /** "3.12.1" */
  readonly version: string;
  /** Of pivot-core; null if it isn't there. */
  readonly pivot: string | null;
  /** Modules that the server needs and that aren't there. */
  readonly missing: readonly string[];
  readonly pip: boolean;
}

/** It says this in any Python 3, and runs in a folder of ours, since Python looks for modules where it is. */
const QUESTION = `
import importlib.util, json, sys
try:
    from importlib.metadata import version
    pivot = version("pivot-core")
except Exception:
    pivot = None
needed = ["pivot_lsp", "pygls", "lsprotocol", "libcst"]
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "pivot": pivot,
    "missing": [name for name in needed if importlib.util.find_spec(name) is None],
    "pip": importlib.util.find_spec("pip") is not None,
}))
`;
const LONGEST_MS = 20_000;
export const LOWEST = [3, 11] as const;

/** Ask it. Rejects with one line that says why it can't be asked. */
export function probe(python: string, cwd: string): Promise<Python> {
  return new Promise((resolve, reject) => {
    execFile(python, ["-c", QUESTION], { cwd, timeout: LONGEST_MS }, (error, stdout, stderr) => {
      if (error) {
        const said = stderr.trim() || error.message;
        reject(new Error(said.split("\n").at(-1)));
        return;
      }
      try {
        resolve(JSON.parse(stdout) as Python);
      } catch {
        reject(new Error("it doesn't answer as a Python does"));
      }
    });
  });
}

/** Whether Pivot runs in it at all. */
export function isNewEnough({ version }: Python): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > LOWEST[0] || (major === LOWEST[0] && minor >= LOWEST[1]);
}
