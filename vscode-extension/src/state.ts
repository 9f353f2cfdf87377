/** What the servers say about pipelines, kept up to date. Views read it, and redraw when it changes. */
import * as vscode from "vscode";
import * as protocol from "./protocol";
import type { Pipeline, Stage } from "./protocol";
import type { Server } from "./server";
import type { Servers } from "./servers";

export class Pipelines implements vscode.Disposable {
  private readonly byRoot = new Map<string, { server: Server; pipeline: Pipeline }>();
  private readonly changed = new vscode.EventEmitter<string | undefined>();
  /** Roots that are being asked about; true if the answer will be an old one. */
  private readonly asking = new Map<string, boolean>();
  private readonly listening: { dispose(): unknown }[];

  /** With the root of the pipeline that changed or went; undefined for any. */
  readonly onDidChange = this.changed.event;

  constructor(
    servers: Servers,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.listening = [
      this.changed,
      servers.onDidChangeHealth((server) => void this.healthChanged(server)),
      servers.onDidChangeVerdicts(({ server, root }) => void this.ask(server, root)),
    ];
  }

  /** By name, then by place. */
  all(): Pipeline[] {
    const pipelines = [...this.byRoot.values()].map((each) => each.pipeline);
    return pipelines.sort((a, b) => a.name.localeCompare(b.name) || a.root.localeCompare(b.root));
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

  dispose(): void {
    vscode.Disposable.from(...this.listening).dispose();
  }

  private async healthChanged(server: Server): Promise<void> {
    if (server.client) {
      await this.discover(server);
      return;
    }
    const gone = [...this.byRoot].filter(([, entry]) => entry.server === server);
    if (gone.length > 0) {
      gone.forEach(([root]) => this.byRoot.delete(root));
      this.changed.fire(undefined);
    }
  }

  private async discover(server: Server): Promise<void> {
    try {
      const found = await server.client?.sendRequest(protocol.projects, {});
      await Promise.all((found?.projects ?? []).map(({ root }) => this.ask(server, root)));
    } catch (error) {
      this.log.warn(`${server.folder.name}: its pipelines aren't known: ${String(error)}`);
    }
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
        this.byRoot.set(root, { server, pipeline });
        this.changed.fire(root);
      }
    } catch (error) {
      this.log.warn(`${root}: ${String(error)}`);
    }
  }
}
