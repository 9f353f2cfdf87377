/** Explanations as files of Markdown, since a preview follows links from one file to another only. */
import * as path from "node:path";
import { fileURLToPath } from "node:url";

/** A name as that of a file. */
export function fileName(name: string): string {
  return name.replaceAll(/[^\w.@-]+/g, "-");
}

/** The text with links that work from a file in `folder`. What is indented is code, and left as it is. */
export function relinked(text: string, folder: string): string {
  return text.replaceAll(/^\S.*$/gm, (line) =>
    line.replaceAll(/\]\((file:[^)#\s]+)(#L\d+)?\)/g, (_link, uri: string, at = "") => {
      const relative = path.relative(folder, fileURLToPath(uri)).split(path.sep);
      return `](${relative.map(encoded).join("/")}${at as string})`;
    }),
  );
}

function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"));
}
