/** Which lines the game has shown, from one load of the relay to the next: lest they are shown again as lines of the past. */

import { rename } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Logger } from "../../index.ts";
import { SHOWN_FILE_BYTES_MAX, SHOWN_KEPT_MAX } from "./limits.ts";
import type { SeenIds } from "./seen-ids.ts";

const FILE_NAME = "shown.json";

const NOT_KEPT = "which lines were shown cannot be kept, and some may be shown again";

const Ids = v.array(v.pipe(v.string(), v.maxLength(64)));

export interface ShownFileOptions {
  readonly folder: string;
  readonly log: Logger;
}

/** Without it, or where it says nothing of use, some lines are shown twice: nothing to stop for. */
export class ShownFile {
  readonly #path: string;
  readonly #log: Logger;
  #writing: Promise<void> = Promise.resolve();
  /** Of the ids, how often they had changed when they were read or written: where nothing was shown, nothing is written. */
  #kept = 0;
  #isFailing = false;

  constructor({ folder, log }: ShownFileOptions) {
    this.#path = join(folder, FILE_NAME);
    this.#log = log;
  }

  async recall(shown: SeenIds, nowMs: number): Promise<void> {
    const file = Bun.file(this.#path);
    try {
      if (!(await file.exists()) || file.size > SHOWN_FILE_BYTES_MAX) return;
      for (const id of v.parse(Ids, await file.json())) shown.add(id, nowMs);
      this.#kept = shown.changes;
    } catch (error) {
      this.#log.debug("which lines were shown cannot be read", { file: this.#path, error });
    }
  }

  /** Where they have changed since the last time. A crash leaves the file of the last time, or the new one. */
  async keep(shown: SeenIds): Promise<void> {
    this.#writing = this.#writing.then(() => this.#keep(shown));
    await this.#writing;
  }

  async #keep(shown: SeenIds): Promise<void> {
    const { changes } = shown;
    if (changes === this.#kept) return;
    const temporary = `${this.#path}.new`;
    try {
      await Bun.write(temporary, JSON.stringify(shown.last(SHOWN_KEPT_MAX)));
      await rename(temporary, this.#path);
      this.#kept = changes;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.warn(NOT_KEPT, { error });
      this.#isFailing = true;
    }
  }
}
