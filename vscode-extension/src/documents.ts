/** Texts that are in no file: code as it was, and as it is. Read only, and gone when they are closed. */
import * as vscode from "vscode";

const SCHEME = "pivot";

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly listening: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor() {
    this.listening = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === SCHEME) {
          this.texts.delete(uri.toString());
        }
      }),
    );
  }

  /** The address of this text. The name in the path is what is shown, and by which its language is known. */
  put(path: string, version: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${path}`, query: version });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  dispose(): void {
    this.listening.dispose();
  }
}
