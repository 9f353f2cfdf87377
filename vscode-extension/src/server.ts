/** One folder's server: started in the folder's Python, and again if it dies. */
import type * as vscode from "vscode";
import { EventEmitter } from "vscode";
import { Backoff } from "./backoff";
import type { Interpreter } from "./choice";
import { Client } from "./client";
import type { Health } from "./health";
import type { Interpreters } from "./interpreter";
import type { Python } from "./probe";
import { isNewEnough, LOWEST, probe } from "./probe";
import type { RunEvent } from "./protocol";
import { runEvent, trust, verdictsChanged } from "./protocol";

export interface Surroundings {
  readonly interpreters: Interpreters;
  readonly log: vscode.LogOutputChannel;
  /** A folder of ours, for processes that mustn't find modules where they are. */
  readonly home: string;
}

export class Server implements vscode.Disposable {
  private readonly backoff = new Backoff();
  private readonly healthChanged = new EventEmitter<Server>();
  private readonly verdictsChanged = new EventEmitter<string>();
  private readonly runEvent = new EventEmitter<RunEvent>();
  /** What is being done, and waits to be: one after the other. */
  private doing: Promise<void> = Promise.resolve();
  private current: Client | undefined;
  /** The numbers of the runs that are under way. They end with the server. */
  private readonly running = new Set<number>();
  private followLater = false;
  private timer: NodeJS.Timeout | undefined;

  health: Health = { kind: "stopped" };
  readonly onDidChangeHealth = this.healthChanged.event;
  /** With the root of a project. */
  readonly onDidChangeVerdicts = this.verdictsChanged.event;
  readonly onRunEvent = this.runEvent.event;

  constructor(
    readonly folder: vscode.WorkspaceFolder,
    private readonly around: Surroundings,
  ) {}

  /** The connection, while it is up. */
  get client(): Client | undefined {
    return this.health.kind === "running" || this.health.kind === "old" ? this.current : undefined;
  }

  get interpreter(): Interpreter | undefined {
    return "interpreter" in this.health ? this.health.interpreter : undefined;
  }

  /** Start it anew, because somebody wants it or it is to be another Python. */
  restart(): Promise<void> {
    this.backoff.forget();
    return this.next(async () => {
      await this.shutDown();
      await this.start();
    });
  }

  stop(): Promise<void> {
    return this.next(() => this.shutDown());
  }

  get isRunningStages(): boolean {
    return this.running.size > 0;
  }

  /** Restart it if the folder's Python is another one now: but not under a run, which may have cost days. */
  async follow(): Promise<void> {
    const wanted = await this.around.interpreters.of(this.folder);
    if (wanted?.path === this.interpreter?.path) {
      this.followLater = false;
    } else if (this.isRunningStages) {
      this.followLater = true;
      this.around.log.info(`${this.folder.name}: ${wanted?.path ?? "no Python"} is used after the run`);
    } else {
      this.followLater = false;
      await this.restart();
    }
  }

  /** It doesn't know a request of ours. */
  isOld(): void {
    if (this.health.kind === "running") {
      this.set({ ...this.health, kind: "old" });
    }
  }

  trust(trusted: boolean): void {
    void this.client?.sendNotification(trust, { trusted });
  }

  dispose(): void {
    void this.stop();
  }

  private next(work: () => Promise<void>): Promise<void> {
    this.doing = this.doing.then(work).catch((error: unknown) => {
      this.around.log.error(`${this.folder.name}: ${String(error)}`);
    });
    return this.doing;
  }

  private async start(): Promise<void> {
    const interpreter = await this.around.interpreters.of(this.folder);
    if (!interpreter) {
      this.set({ kind: "no interpreter" });
      return;
    }
    this.set({ kind: "starting", interpreter });
    const python = await this.ask(interpreter);
    if (python) {
      await this.connect(interpreter, python);
    }
  }

  /** Undefined if no server can be started in it, after saying why. */
  private async ask(interpreter: Interpreter): Promise<Python | undefined> {
    let python: Python;
    try {
      python = await probe(interpreter.path, this.around.home);
    } catch (error) {
      this.set({ kind: "unfit", interpreter, why: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
    if (!isNewEnough(python)) {
      const why = `it is Python ${python.version}, and Pivot needs ${LOWEST.join(".")} or newer`;
      this.set({ kind: "unfit", interpreter, why });
      return undefined;
    }
    if (python.missing.length > 0) {
      this.set({ kind: "missing", interpreter, python });
      return undefined;
    }
    return python;
  }

  private async connect(interpreter: Interpreter, python: Python): Promise<void> {
    const died = (): void => {
      this.died(client, interpreter);
    };
    const { folder } = this;
    const client = new Client({ folder, python: interpreter.path, log: this.around.log, died });
    client.onNotification(verdictsChanged, ({ root }) => {
      this.verdictsChanged.fire(root);
    });
    client.onNotification(runEvent, (said) => {
      this.heard(said);
    });
    this.current = client;
    this.backoff.started(Date.now());
    try {
      await client.start();
    } catch {
      died(); // in the log
      return;
    }
    if (this.current === client) {
      const versions = `Python ${python.version}, pivot-core ${python.pivot ?? "of unknown version"}`;
      this.around.log.info(`${folder.name}: the server runs in ${interpreter.path} (${versions})`);
      this.set({ kind: "running", interpreter, python });
    }
  }

  private heard(said: RunEvent): void {
    this.runEvent.fire(said);
    if (said.event.event !== "ended") {
      this.running.add(said.run);
    } else if (this.running.delete(said.run) && !this.isRunningStages && this.followLater) {
      void this.follow();
    }
  }

  private died(client: Client, interpreter: Interpreter): void {
    if (this.current !== client) {
      return; // it is known, or was wanted
    }
    this.current = undefined;
    this.running.clear();
    const ms = this.backoff.died(Date.now());
    const what = ms === undefined ? "is left at that" : `is started again in ${ms / 1_000} s`;
    this.around.log.warn(`${this.folder.name}: the server has ended, and ${what}`);
    this.set({ kind: "died", interpreter, ms, times: this.backoff.times });
    if (ms !== undefined) {
      this.timer = setTimeout(() => void this.next(() => this.start()), ms);
    }
  }

  private async shutDown(): Promise<void> {
    clearTimeout(this.timer);
    const client = this.current;
    this.current = undefined;
    this.running.clear();
    this.set({ kind: "stopped" });
    if (client?.needsStop()) {
      await client.dispose();
    }
  }

  private set(health: Health): void {
    this.health = health;
    this.healthChanged.fire(this);
  }
}
