/** The page of the graph, without what is in it. Nothing is loaded from elsewhere, and only our script runs. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export function page(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const file = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("graph.css")}">
<title>Pivot</title>
</head>
<body class="empty">
<main>
<h1 class="unseen">Graph of the pipeline</h1>
<div id="bar" role="toolbar" aria-label="Graph">
  <input id="search" type="search" placeholder="Find stages or files" aria-label="Find stages or files" spellcheck="false">
  <span id="found" role="status"></span>
  <div id="legend" role="group" aria-label="Show only"></div>
  <div class="view">
  <button id="variants" type="button" aria-pressed="false" title="Show all variants of a stage as one" hidden>Fold variants</button>
  <button id="zoom-out" type="button" title="Zoom out (-)" aria-label="Zoom out">−</button>
  <button id="zoom-in" type="button" title="Zoom in (+)" aria-label="Zoom in">+</button>
  <button id="fit" type="button" title="Show all (0)">Fit</button>
  </div>
</div>
<div id="note" role="status"></div>
<div id="frame">
  <svg id="graph" role="application" tabindex="0" aria-label="Pipeline. Arrow keys go from stage to stage, Enter opens one.">
    <g id="scene"></g>
  </svg>
  <svg id="minimap" class="hidden" aria-hidden="true"></svg>
</div>
<section id="details" aria-label="Selected stage" hidden></section>
<div id="news" class="unseen" aria-live="polite"></div>
</main>
<script nonce="${nonce}" src="${file("graph.js")}"></script>
</body>
</html>`;
}
