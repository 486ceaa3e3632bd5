import type { Statement } from "bun:sqlite";
import type { OutboxLimits } from "./limits.ts";
import { OutboxError } from "./outbox-error.ts";
import type { OutboxFile } from "./outbox-file.ts";

export interface RecordChange {
  readonly key: string;
  /** `undefined` to take the record out. */
  readonly value: string | undefined;
}

/** Small records, written in the same transactions as the entries. */
export class RecordTable {
  readonly #limits: OutboxLimits;
  readonly #get: Statement<{ readonly value: string }, [string]>;
  readonly #keys: Statement<{ readonly key: string }, []>;
  readonly #count: Statement<{ readonly count: number }, []>;
  readonly #set: Statement<unknown, [string, string]>;
  readonly #delete: Statement<unknown, [string]>;

  constructor(file: OutboxFile, limits: OutboxLimits) {
    this.#limits = limits;
    this.#get = file.prepare("SELECT value FROM records WHERE key = ?");
    this.#keys = file.prepare("SELECT key FROM records ORDER BY key");
    this.#count = file.prepare("SELECT count(*) AS count FROM records");
    this.#set = file.prepare("INSERT OR REPLACE INTO records VALUES (?, ?)");
    this.#delete = file.prepare("DELETE FROM records WHERE key = ?");
  }

  get(key: string): string | undefined {
    return this.#get.get(key)?.value;
  }

  keys(): string[] {
    return this.#keys.all().map(({ key }) => key);
  }

  /** Why the changes cannot be made. */
  refusal(changes: readonly RecordChange[]): OutboxError | undefined {
    const added = changes.filter(
      ({ key, value }) => value !== undefined && this.get(key) === undefined,
    );
    if (added.length === 0) return undefined;
    const { recordsMax } = this.#limits;
    const count = this.#count.get()?.count ?? 0;
    if (count + added.length <= recordsMax) return undefined;
    const text = `the outbox has ${count} records, and may have ${recordsMax}: delete those of what is gone`;
    return new OutboxError("too_many", text);
  }

  apply(changes: readonly RecordChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#delete.run(key);
      else this.#set.run(key, value);
    }
  }

  /** @throws {OutboxError} `too_large` */
  assertFits({ key, value = "" }: RecordChange): void {
    const { recordKeyBytesMax, recordValueBytesMax } = this.#limits;
    const lengths = [Buffer.byteLength(key), Buffer.byteLength(value)] as const;
    if (lengths[0] <= recordKeyBytesMax && lengths[1] <= recordValueBytesMax) return;
    const text =
      `the record "${key.slice(0, 80)}" has a key of ${lengths[0]} and a value of ${lengths[1]} bytes; ` +
      `${recordKeyBytesMax} and ${recordValueBytesMax} are the most`;
    throw new OutboxError("too_large", text);
  }
}
