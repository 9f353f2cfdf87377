/** How long to wait before a server that died is started again. */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const MOST = 5;
/** Who lived this long is well: the next death is a first one. */
const WELL_MS = 60_000;

export class Backoff {
  private deaths = 0;
  private startedAt = 0;

  /** It was started, at this time (ms). */
  started(at: number): void {
    this.startedAt = at;
  }

  /** It died: how long to wait (ms), or undefined to leave it at that. */
  died(at: number): number | undefined {
    if (at - this.startedAt >= WELL_MS) {
      this.deaths = 0;
    }
    this.deaths += 1;
    return this.deaths > MOST ? undefined : Math.min(FIRST_MS * 2 ** (this.deaths - 1), LONGEST_MS);
  }

  /** How often it has died of late. */
  get times(): number {
    return this.deaths;
  }

  /** A person wants it anew. */
  forget(): void {
    this.deaths = 0;
  }
}
