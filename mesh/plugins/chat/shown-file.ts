/** Which lines the game has shown, from one load of the relay to the next: lest they are shown again as lines of the past. */

import { join } from "node:path";
import * as v from "valibot";
import type { Logger } from "../../index.ts";
import { SHOWN_FILE_BYTES_MAX, SHOWN_KEPT_MAX } from "./limits.ts";
import type { SeenIds } from "./seen-ids.ts";

const FILE_NAME = "shown.json";

const Ids = v.array(v.pipe(v.string(), v.maxLength(64)));

export interface ShownFileOptions {
  readonly folder: string;
  readonly log: Logger;
}

/** Without it, or where it says nothing of use, some lines are shown twice: nothing to stop for. */
export class ShownFile {
  readonly #path: string;
  readonly #log: Logger;

  constructor({ folder, log }: ShownFileOptions) {
    this.#path = join(folder, FILE_NAME);
    this.#log = log;
  }

  async recall(shown: SeenIds, nowMs: number): Promise<void> {
    const file = Bun.file(this.#path);
    try {
      if (!(await file.exists()) || file.size > SHOWN_FILE_BYTES_MAX) return;
      for (const id of v.parse(Ids, await file.json())) shown.add(id, nowMs);
    } catch (error) {
      this.#log.debug("which lines were shown cannot be read", { file: this.#path, error });
    }
  }

  async keep(shown: SeenIds): Promise<void> {
    try {
      await Bun.write(this.#path, JSON.stringify(shown.last(SHOWN_KEPT_MAX)));
    } catch (error) {
      this.#log.warn("which lines were shown cannot be kept, and some may be shown again", {
        error,
      });
    }
  }
}
