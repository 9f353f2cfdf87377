// VS Code's logs are written by native code, which isn't compiled here: without it all logs are empty, those of
// extensions, too. As much of @vscode/spdlog as VS Code calls.
"use strict";

const fs = require("node:fs");

const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];

class Logger {
  constructor(path) {
    this.path = path;
    this.level = LEVELS.indexOf("info");
    this.plain = false;
    // They are looked for as soon as they are made.
    fs.writeFileSync(path, "", { flag: "a" });
  }
  write(level, text) {
    if (level >= this.level) {
      const at = new Date().toISOString().replace("T", " ").replace("Z", "");
      fs.writeFileSync(this.path, this.plain ? text : `${at} [${LEVELS[level]}] ${text}\n`, { flag: "a" });
    }
  }
  trace(text) {
    this.write(0, text);
  }
  debug(text) {
    this.write(1, text);
  }
  info(text) {
    this.write(2, text);
  }
  warn(text) {
    this.write(3, text);
  }
  error(text) {
    this.write(4, text);
  }
  critical(text) {
    this.write(5, text);
  }
  getLevel() {
    return this.level;
  }
  setLevel(level) {
    this.level = level;
  }
  clearFormatters() {
    this.plain = true;
  }
  setPattern() {}
  flush() {}
  drop() {}
}

exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = (name, path) => Promise.resolve(new Logger(path));
exports.createAsyncRotatingLogger = (name, path) => Promise.resolve(new Logger(path));
