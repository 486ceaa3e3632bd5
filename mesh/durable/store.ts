/** The node's outbox, opened when it is first needed: most nodes need none, and two of them may share a folder then. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Outbox } from "../outbox/outbox.ts";

const FILE_NAME = "outbox.sqlite";
const STORE_ID = "store_id";

export class NodeStore {
  readonly #folder: string;
  readonly #onOpened: (outbox: Outbox) => void;
  #outbox: Outbox | undefined;

  constructor(folder: string, onOpened: (outbox: Outbox) => void) {
    this.#folder = folder;
    this.#onOpened = onOpened;
  }

  /** Whether something was kept there at an earlier start. */
  get isThere(): boolean {
    return existsSync(join(this.#folder, FILE_NAME));
  }

  /** `undefined` while nobody has needed it. */
  get opened(): Outbox | undefined {
    return this.#outbox;
  }

  /** @throws {OutboxError} `in_use`, `unwritable`, `damaged`, `too_new`, `disk_full`, `io_failed` */
  open(): Outbox {
    if (this.#outbox !== undefined) return this.#outbox;
    const outbox = Outbox.open({ folder: this.#folder });
    this.#outbox = outbox;
    this.#onOpened(outbox);
    return outbox;
  }

  /** Writes what waits. @throws {OutboxError} */
  async close(): Promise<void> {
    await this.#outbox?.close();
  }
}

/** Tells this file apart from one that was there before in its place; made once, and kept in it. */
export async function storeIdOf(outbox: Outbox): Promise<string> {
  const known = outbox.records.get(STORE_ID);
  if (known !== undefined) return known;
  const id = crypto.randomUUID();
  await outbox.records.set(STORE_ID, id);
  return id;
}
