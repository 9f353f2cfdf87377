/** The servers of all folders that have to do with Pivot, as folders, interpreters and trust come and go. */
import * as vscode from "vscode";
import { isInside, outermost } from "./choice";
import { hasPivot, isPivot } from "./projects";
import type { RunEvent } from "./protocol";
import type { Surroundings } from "./server";
import { Server } from "./server";

export class Servers implements vscode.Disposable {
  private readonly byFolder = new Map<string, Server>();
  private readonly healthChanged = new vscode.EventEmitter<Server>();
  private readonly verdictsChanged = new vscode.EventEmitter<{ server: Server; root: string }>();
  private readonly runEvent = new vscode.EventEmitter<{ server: Server; said: RunEvent }>();
  private readonly listening: vscode.Disposable[];

  readonly onDidChangeHealth = this.healthChanged.event;
  readonly onDidChangeVerdicts = this.verdictsChanged.event;
  readonly onRunEvent = this.runEvent.event;

  constructor(private readonly around: Surroundings) {
    const look = (document: vscode.TextDocument): void => {
      void this.lookAt(document);
    };
    const pipelines = vscode.workspace.createFileSystemWatcher("**/pipeline.py", false, false, true);
    const refresh = (): void => void this.refresh();
    this.listening = [
      vscode.workspace.onDidChangeWorkspaceFolders(refresh),
      vscode.workspace.onDidOpenTextDocument(look),
      vscode.workspace.onDidSaveTextDocument(look),
      pipelines,
      pipelines.onDidCreate(refresh),
      pipelines.onDidChange(refresh),
      around.interpreters.onDidChange(() => void Promise.all(this.all.map((server) => server.follow()))),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.all.forEach((server) => {
          server.trust(true);
        });
      }),
    ];
  }

  get all(): Server[] {
    return [...this.byFolder.values()];
  }

  /** The server for a file or a project's folder. */
  of(file: string): Server | undefined {
    const owner = this.all.find((server) => isInside(file, server.folder.uri.fsPath));
    // A project's folder may be one above the folder that is open.
    return owner ?? this.all.find((server) => isInside(server.folder.uri.fsPath, file));
  }

  /** Start what is wanted and isn't there, stop what isn't wanted any more. */
  async refresh(): Promise<void> {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter((each) => each.uri.scheme === "file");
    const wanted = new Set(outermost(folders.map((folder) => folder.uri.fsPath)));
    for (const [name, server] of this.byFolder) {
      if (!wanted.has(name)) {
        this.byFolder.delete(name);
        server.dispose();
        this.healthChanged.fire(server);
      }
    }
    const added = folders.filter(
      (each) => wanted.has(each.uri.fsPath) && !this.byFolder.has(each.uri.fsPath),
    );
    await Promise.all(
      added.map(async (folder) => {
        if (await hasPivot(folder)) {
          this.add(folder);
        }
      }),
    );
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening, ...this.all).dispose();
  }

  /** Resolves when all servers have stopped, or a moment later. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop()));
  }

  private async lookAt(document: vscode.TextDocument): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(document.uri);
    if (folder && !this.of(document.uri.fsPath) && isPivot(document, folder)) {
      await this.refresh();
    }
  }

  private add(folder: vscode.WorkspaceFolder): void {
    if (this.byFolder.has(folder.uri.fsPath)) {
      return; // another refresh was faster
    }
    const server = new Server(folder, this.around);
    this.byFolder.set(folder.uri.fsPath, server);
    server.onDidChangeHealth(() => {
      this.healthChanged.fire(server);
    });
    server.onDidChangeVerdicts((root) => {
      this.verdictsChanged.fire({ server, root });
    });
    server.onRunEvent((said) => {
      this.runEvent.fire({ server, said });
    });
    void server.restart();
  }
}
