import { AppendJob } from "./jobs.ts";
import type { RecordTable } from "./record-table.ts";
import type { StoreAccess } from "./store-access.ts";

/** Small texts by key, such as the highest number seen of another node. */
export class OutboxRecords {
  readonly #table: RecordTable;
  readonly #access: StoreAccess;

  constructor(table: RecordTable, access: StoreAccess) {
    this.#table = table;
    this.#access = access;
  }

  /** What is on the disk. @throws {OutboxError} `closed`, `damaged`, `io_failed` */
  get(key: string): string | undefined {
    return this.#access.look(() => this.#table.get(key));
  }

  /** In order. @throws {OutboxError} `closed`, `damaged`, `io_failed` */
  keys(): string[] {
    return this.#access.look(() => this.#table.keys());
  }

  /**
   * Resolves once it is on the disk. To write one together with entries, see `Outbox.append`.
   *
   * @throws {OutboxError} `too_large`, `too_many`, `disk_full`, `io_failed`, `damaged`, `closed`
   */
  async set(key: string, value: string): Promise<void> {
    await this.#change(key, value);
  }

  /** Resolves once it is gone from the disk. @throws {OutboxError} as `set` */
  async delete(key: string): Promise<void> {
    await this.#change(key, undefined);
  }

  async #change(key: string, value: string | undefined): Promise<void> {
    const change = { key, value };
    this.#table.assertFits(change);
    await this.#access.ask(new AppendJob([], [change], this.#table));
  }
}
