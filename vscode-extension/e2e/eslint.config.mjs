// The extension's rules, without what it says about files that aren't its own.
import { defineConfig } from "eslint/config";
import extension from "../eslint.config.mjs";

export default defineConfig(
  extension.filter((part) => !part.ignores),
  { ignores: ["node_modules/", "shots/", "**/stand-ins/", "**/native/", "**/*.mjs"] },
  { rules: { "max-lines-per-function": "off" } },
);
