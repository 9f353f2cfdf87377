/** The connection to one server. Dies with it: a server that is started again has another one. */
import * as vscode from "vscode";
import type { DynamicFeature, LanguageClientOptions, StaticFeature } from "vscode-languageclient/node";
import {
  CloseAction,
  DynamicFeature as Dynamic,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
} from "vscode-languageclient/node";

export interface Start {
  readonly folder: vscode.WorkspaceFolder;
  readonly python: string;
  readonly log: vscode.LogOutputChannel;
  readonly died: () => void;
}

export class Client extends LanguageClient {
  constructor(start: Start) {
    // -P: else a `json.py` in the folder would take the place of Python's own, trusted or not.
    const args = ["-P", "-m", "pivot_lsp"];
    const options = { cwd: start.folder.uri.fsPath };
    super("pivot", "Pivot", { command: start.python, args, options }, optionsOf(start));
  }

  /** There is a server for each folder, but a command is registered once: see runs.ts. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const method = Dynamic.is(feature) ? feature.registrationType.method : undefined;
    if (method !== ExecuteCommandRequest.method) {
      super.registerFeature(feature);
    }
  }

  /** To the log only: what a person has to know is said once, in words of ours. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** A command of the server's. */
  execute<T>(command: string, argument: object): Promise<T> {
    return this.sendRequest<T>(ExecuteCommandRequest.method, { command, arguments: [argument] });
  }
}

function optionsOf({ folder, log, died }: Start): LanguageClientOptions {
  const baseUri = folder.uri.toString();
  return {
    workspaceFolder: folder,
    documentSelector: [{ scheme: "file", language: "python", pattern: { baseUri, pattern: "**/*" } }],
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: {
      trusted: vscode.workspace.isTrusted,
      runEvents: true,
      verdicts: true,
      explain: true,
    },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: (_error, _message, count) => ({
        action: count !== undefined && count > 3 ? ErrorAction.Shutdown : ErrorAction.Continue,
        handled: true,
      }),
      closed: () => {
        died();
        // Its own words would say that it isn't started again: by the client, that is.
        return {
          action: CloseAction.DoNotRestart,
          handled: true,
          message: "The connection to the server was closed.",
        };
      },
    },
  };
}
