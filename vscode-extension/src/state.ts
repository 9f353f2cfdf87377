/** What the servers say about pipelines, kept up to date. Views read it, and redraw when it changes. */
import * as vscode from "vscode";
import { ErrorCodes, ResponseError } from "vscode-languageclient/node";
import { findProjects } from "./projects";
import * as protocol from "./protocol";
import type { Pipeline, Stage } from "./protocol";
import type { Server } from "./server";
import type { Servers } from "./servers";

/** How long ago things were, which is said to the minute, changes by itself. */
const CLOCK_MS = 60_000;

interface Known {
  readonly server: Server;
  readonly pipeline: Pipeline;
}

export class Pipelines implements vscode.Disposable {
  private readonly byRoot = new Map<string, Known>();
  private readonly changed = new vscode.EventEmitter<string | undefined>();
  /** Roots that are being asked about; true if the answer will be an old one. */
  private readonly asking = new Map<string, boolean>();
  /** Those in whose folders it is known what there is. */
  private readonly searched = new Set<Server>();
  private readonly listening: { dispose(): unknown }[];

  /** With the root of the pipeline that changed or went; undefined for any. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly servers: Servers,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const projects = vscode.workspace.createFileSystemWatcher("**/pipeline.py", false, true, false);
    const refresh = (): void => void this.refresh();
    const clock = setInterval(() => {
      if (vscode.window.state.focused) {
        this.byRoot.forEach(({ server }, root) => void this.ask(server, root));
      }
    }, CLOCK_MS);
    this.listening = [
      new vscode.Disposable(() => {
        clearInterval(clock);
      }),
      this.changed,
      projects,
      projects.onDidCreate(refresh),
      projects.onDidDelete(refresh),
      servers.onDidChangeHealth((server) => void this.healthChanged(server)),
      servers.onDidChangeVerdicts(({ server, root }) => void this.ask(server, root)),
    ];
  }

  /** By name, then by place. */
  all(): Pipeline[] {
    const pipelines = [...this.byRoot.values()].map((each) => each.pipeline);
    return pipelines.sort((a, b) => a.name.localeCompare(b.name) || a.root.localeCompare(b.root));
  }

  /** "empty": there is one, but no stage, nor a reason why none is known. */
  get found(): "known" | "empty" | "looking" | "none" {
    if (this.byRoot.size > 0) {
      const empty = this.all().every(({ stages, why }) => stages.length === 0 && why === null);
      return empty && this.byRoot.size === 1 ? "empty" : "known";
    }
    return this.servers.all.some((server) => server.client && !this.searched.has(server))
      ? "looking"
      : "none";
  }

  get(root: string): Pipeline | undefined {
    return this.byRoot.get(root)?.pipeline;
  }

  stage(root: string, name: string): Stage | undefined {
    return this.get(root)?.stages.find((stage) => stage.name === name);
  }

  /** Who knows about this project. */
  server(root: string): Server | undefined {
    return this.byRoot.get(root)?.server;
  }

  /** Look for projects that have come or gone. */
  async refresh(): Promise<void> {
    await Promise.all(this.servers.all.map((server) => this.discover(server)));
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  private async healthChanged(server: Server): Promise<void> {
    if (server.health.kind === "running") {
      await this.discover(server);
    }
    if (!server.client) {
      this.searched.delete(server);
      this.drop(([, entry]) => entry.server === server);
    }
  }

  private drop(gone: (entry: [string, Known]) => boolean): void {
    const roots = [...this.byRoot].filter(gone).map(([root]) => root);
    roots.forEach((root) => this.byRoot.delete(root));
    if (roots.length > 0) {
      this.changed.fire(undefined);
    }
  }

  /** Ask about what is in its folder, and again about what it has told of by itself. */
  private async discover(server: Server): Promise<void> {
    const known = [...this.byRoot].filter(([, entry]) => entry.server === server).map(([root]) => root);
    const roots = new Set([...known, ...(await findProjects(server.folder))]);
    await Promise.all([...roots].map((root) => this.ask(server, root)));
    this.searched.add(server);
    // None may be known: there is no sign of one, or it is a part of a project that begins above the folder.
    this.changed.fire(undefined);
  }

  /** One question a root at a time; what changed meanwhile is asked for again. */
  private async ask(server: Server, root: string): Promise<void> {
    if (this.asking.has(root)) {
      this.asking.set(root, true);
      return;
    }
    do {
      this.asking.set(root, false);
      await this.askOnce(server, root);
    } while (this.asking.get(root));
    this.asking.delete(root);
  }

  private async askOnce(server: Server, root: string): Promise<void> {
    try {
      const pipeline = await server.client?.sendRequest(protocol.pipeline, { root });
      if (pipeline && server.client) {
        // The server's name for it: the folder may be open by a link.
        this.byRoot.set(pipeline.root, { server, pipeline });
        this.changed.fire(pipeline.root);
      }
    } catch (error) {
      this.refused(server, root, error);
    }
  }

  private refused(server: Server, root: string, error: unknown): void {
    const code = error instanceof ResponseError ? error.code : undefined;
    if (code === ErrorCodes.MethodNotFound) {
      server.isOld();
    } else if (code === ErrorCodes.InvalidParams) {
      this.drop(([known]) => known === root); // it is no project any more
    } else if (server.client) {
      this.log.warn(`${root}: ${String(error)}`);
    }
  }
}
