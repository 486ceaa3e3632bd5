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

  /** @throws {OutboxError} `in_use`, `unwritable`, `damaged`, `too_new`, `disk_full`, `io_failed` */
  open(): Outbox {
    if (this.#outbox !== undefined) return this.#outbox;
    const outbox = Outbox.open({ folder: this.#folder });
    try {
      this.#onOpened(outbox);
    } catch (error) {
      // The next attempt is to say why it fails, not that somebody holds the file.
      void outbox.close().catch(() => {});
      throw error;
    }
    this.#outbox = outbox;
    return outbox;
  }

  /** Writes what waits. @throws {OutboxError} */
  async close(): Promise<void> {
    await this.#outbox?.close();
  }
}

/** Tells this file apart from one that was there before in its place; made once, and kept in it. */
export class StoreId {
  readonly #outbox: Outbox;
  #id: Promise<string> | undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Tries again where it could not be kept before. @throws {OutboxError} */
  async get(): Promise<string> {
    this.#id ??= this.#read();
    try {
      return await this.#id;
    } catch (error) {
      this.#id = undefined;
      throw error;
    }
  }

  async #read(): Promise<string> {
    const { records } = this.#outbox;
    const known = records.get(STORE_ID);
    if (known !== undefined) return known;
    const id = crypto.randomUUID();
    await records.set(STORE_ID, id);
    return id;
  }
}
