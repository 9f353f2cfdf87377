/** The extension, as seen from the page. */
import type { FromPage, Kept, ToPage } from "../../src/graph/messages";

interface Api {
  postMessage(message: FromPage): void;
  getState(): Kept | undefined;
  setState(state: Kept): void;
}
declare function acquireVsCodeApi(): Api;

const api = acquireVsCodeApi();

export function send(message: FromPage): void {
  api.postMessage(message);
}

export function keep(state: Kept): void {
  api.setState(state);
}

export function kept(): Kept | undefined {
  return api.getState();
}

export function onMessage(handle: (message: ToPage) => void): void {
  window.addEventListener("message", (event: MessageEvent<ToPage>) => {
    handle(event.data);
  });
}
