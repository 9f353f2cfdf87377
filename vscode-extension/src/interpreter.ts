/** The Python of each folder: the one that its pipeline runs in, and so the server. */
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Adviser } from "./advisers";
import { environmentsExtension, pythonExtension } from "./advisers";
import type { Interpreter, Source } from "./choice";
import { choose, expand } from "./choice";

const ADVISERS = { environments: environmentsExtension, python: pythonExtension } as const;
type AdviserName = keyof typeof ADVISERS;

export class Interpreters implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly advisers = new Map<AdviserName, Adviser>();
  private readonly listening: { dispose(): unknown }[];
  /** Any folder's may be another one. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly log: vscode.LogOutputChannel) {
    const changed = (): void => {
      this.changed.fire();
    };
    this.listening = [
      this.changed,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("pivot.interpreter")) {
          changed();
        }
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(changed),
      vscode.extensions.onDidChange(changed),
    ];
  }

  async of(folder: vscode.WorkspaceFolder): Promise<Interpreter | undefined> {
    const folders = (vscode.workspace.workspaceFolders ?? []).map((each) => each.uri.fsPath);
    const own = ownKnowledge(folder);
    // Who has said it in a setting waits for no other extension.
    const known = own.setting ? own : { ...own, ...(await this.advice(folder.uri)) };
    return choose(known, vscode.workspace.isTrusted, folders);
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  private async advice(folder: vscode.Uri): Promise<Partial<Record<Source, string>>> {
    const known: Partial<Record<Source, string>> = {};
    for (const name of ["environments", "python"] as const) {
      try {
        const found = await (await this.adviser(name))?.of(folder);
        if (found) {
          known[name] = found;
        }
      } catch (error) {
        this.log.warn(`the extension for Python (${name}) doesn't say which one is chosen: ${String(error)}`);
      }
    }
    return known;
  }

  private async adviser(name: AdviserName): Promise<Adviser | undefined> {
    if (!this.advisers.has(name)) {
      const adviser = await ADVISERS[name]();
      if (adviser && !this.advisers.has(name)) {
        this.advisers.set(name, adviser);
        this.listening.push(
          adviser.onDidChange(() => {
            this.changed.fire();
          }),
        );
      }
    }
    return this.advisers.get(name);
  }
}

/** What is known without asking anybody. */
function ownKnowledge(folder: vscode.WorkspaceFolder): Partial<Record<Source, string>> {
  const root = folder.uri.fsPath;
  const setting = vscode.workspace.getConfiguration("pivot", folder).get("interpreter", "");
  const own = path.join(root, ".venv/bin/python");
  const onPath = findOnPath("python3");
  return {
    ...(setting.trim() ? { setting: expand(setting, root, homedir()) } : {}),
    ...(isExecutable(own) ? { folder: own } : {}),
    ...(onPath ? { path: onPath } : {}),
  };
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((each) => path.isAbsolute(each));
  return folders.map((each) => path.join(each, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
