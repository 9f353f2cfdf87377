/** Waiting for what has no event of its own. */

import { setTimeout as sleep } from "node:timers/promises";

/** For what takes a second or ten: other work may keep the machine busy. Nobody waits for it unless something fails. */
export const LIMIT = 60_000;

/** The first value of ``look`` that is neither undefined nor false; an error that says what was waited for. */
export async function until<T>(
  what: string,
  limit: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`not in ${limit / 1000} s: ${what}`);
    }
    await sleep(50);
  }
}
