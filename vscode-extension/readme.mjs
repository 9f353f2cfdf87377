// dist/README.md, the page that VS Code and its marketplace show of the extension. Both show pictures by their https address
// only: PICTURES is that of docs/images/, with a "/" at its end. As long as there is none, the page has no pictures.
import { readFileSync, writeFileSync } from "node:fs";

const address = process.env.PICTURES;
const page = readFileSync("README.md", "utf8");
writeFileSync(
  "dist/README.md",
  address
    ? page.replaceAll('"../docs/images/', `"${address}`)
    : page.replace(/<picture>.*?<\/picture>\n\n/gs, ""),
);
