/** What stages print, as a terminal takes it. */

const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";

/**
 * Text of one run. If it has several stages, each line says whose it is: `[train] loss 0.3`.
 *
 * A chunk may end within a line, and another stage's may come before the rest.
 */
export class Transcript {
  /** Whose line is begun. */
  private open: string | undefined;

  constructor(private readonly named: boolean) {}

  /** What to append to a terminal. */
  say(stage: string, text: string): string {
    const prefix = this.named ? `${DIM}[${stage}]${PLAIN} ` : "";
    const before = this.open !== undefined && this.open !== stage ? "\r\n" : "";
    const goesOn = this.open === stage;
    const lines = text.split(/\r?\n/);
    const ends = lines.at(-1) === "";
    if (ends) {
      lines.pop();
    }
    this.open = ends ? undefined : stage;
    const said = lines.map((line, index) => (index === 0 && goesOn ? line : prefix + line)).join("\r\n");
    return before + said + (ends ? "\r\n" : "");
  }

  /** A line of our own. */
  note(text: string): string {
    const before = this.open === undefined ? "" : "\r\n";
    this.open = undefined;
    return `${before}${text.replaceAll(/\r?\n/g, "\r\n")}\r\n`;
  }
}
