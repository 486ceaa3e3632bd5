import type { Statement } from "bun:sqlite";
import type { OutboxFile } from "./outbox-file.ts";

/** What the outbox must know at its next start. */
export type FactName = "clock_ahead_ms" | "last_seq_discarded";

export class Facts {
  readonly #get: Statement<{ readonly value: number }, [FactName]>;
  readonly #set: Statement<unknown, [FactName, number]>;

  constructor(file: OutboxFile) {
    this.#get = file.prepare("SELECT value FROM facts WHERE name = ?");
    this.#set = file.prepare("INSERT OR REPLACE INTO facts VALUES (?, ?)");
  }

  /** 0 if it was never set. */
  get(name: FactName): number {
    return this.#get.get(name)?.value ?? 0;
  }

  set(name: FactName, value: number): void {
    this.#set.run(name, value);
  }
}
