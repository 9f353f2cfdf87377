// Bundles what VS Code loads into dist/, and with --tests the tests into out/test/.
import { build, context } from "esbuild";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const flags = new Set(process.argv.slice(2));
const shared = {
  bundle: true,
  minify: flags.has("--production"),
  sourcemap: flags.has("--production") ? false : "linked",
  logLevel: "warning",
  metafile: true,
};
const forNode = { ...shared, platform: "node", format: "cjs", target: "node20", external: ["vscode"] };

// One of these for each file that is loaded by itself.
const bundles = [
  { ...forNode, entryPoints: ["src/extension.ts"], outdir: "dist" },
  {
    ...shared,
    platform: "browser",
    format: "iife",
    target: "chrome122",
    entryPoints: [
      { in: "webview/graph/main.ts", out: "graph" },
      { in: "webview/graph/page.css", out: "graph" },
    ],
    outdir: "dist",
  },
];

const tests = {
  ...forNode,
  entryPoints: readdirSync("test")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`),
  outdir: "out/test",
};

if (flags.has("--tests")) {
  rmSync(tests.outdir, { recursive: true, force: true });
  await build(tests);
} else if (flags.has("--watch")) {
  for (const bundle of bundles) {
    await (await context(bundle)).watch();
  }
} else {
  rmSync("dist", { recursive: true, force: true });
  const built = await Promise.all(bundles.map((bundle) => build(bundle)));
  writeFileSync("dist/licenses.txt", licenses(built.flatMap((one) => Object.keys(one.metafile.inputs))));
}

// Of the packages that these files are from: their authors want it to go with every copy.
function licenses(files) {
  const folders = files.map((file) => file.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0]);
  return [...new Set(folders.filter(Boolean))]
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
      return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
