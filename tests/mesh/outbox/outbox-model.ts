import { expect } from "bun:test";
import type { Outbox } from "../../../mesh/outbox/outbox.ts";
import type { OutboxQueue, QueueStatus } from "../../../mesh/outbox/outbox-queue.ts";
import type { QueueOptions } from "../../../mesh/outbox/queue-options.ts";
import { ManualClock } from "../manual-clock.ts";
import { ALL, bytesOf, failure, openOutbox, textOf } from "./opened-outbox.ts";

const OVERHEAD = 16;
const DEAD_MAX = 3;

export interface How {
  readonly removalsPerCommitMax: number;
  /** Whether what is to be taken out is on the disk before anything else is done. */
  readonly flushes: boolean;
}

const QUEUES: Readonly<Record<string, QueueOptions>> = {
  refusing: { bytesMax: 200, whenFull: "refuse" },
  dropping: { bytesMax: 150, whenFull: "drop_oldest" },
  ageing: { bytesMax: 400, ageMaxMs: 40, whenFull: "refuse" },
};
export const NAMES: readonly string[] = Object.keys(QUEUES);

interface ModelEntry {
  readonly seq: number;
  readonly at: number;
  readonly text: string;
}

/** A queue as one would write it in a minute, without a disk. */
class ModelQueue {
  readonly options: QueueOptions;
  entries: ModelEntry[] = [];
  dead: ModelEntry[] = [];
  lastSeq = 0;
  appended = 0;
  removed = 0;
  refused = 0;
  dropped = 0;

  constructor(options: QueueOptions) {
    this.options = options;
  }

  get bytes(): number {
    return this.entries.reduce((sum, { text }) => sum + text.length + OVERHEAD, 0);
  }

  expire(now: number): void {
    const { ageMaxMs } = this.options;
    if (ageMaxMs === undefined) return;
    const kept = this.entries.filter(({ at }) => at >= now - ageMaxMs);
    this.dropped += this.entries.length - kept.length;
    this.entries = kept;
  }

  hasRoom(size: number): boolean {
    return this.options.whenFull === "drop_oldest" || this.bytes + size <= this.options.bytesMax;
  }

  append(text: string, at: number): number {
    this.lastSeq += 1;
    this.appended += 1;
    this.entries.push({ seq: this.lastSeq, at, text });
    return this.lastSeq;
  }

  trim(): void {
    while (this.options.whenFull === "drop_oldest" && this.bytes > this.options.bytesMax) {
      this.entries.shift();
      this.dropped += 1;
    }
  }

  remove(seqs: readonly number[]): void {
    const kept = this.entries.filter(({ seq }) => !seqs.includes(seq));
    this.removed += this.entries.length - kept.length;
    this.entries = kept;
  }

  bury(seq: number): void {
    const entry = this.entries.find((entry) => entry.seq === seq);
    if (entry === undefined) return;
    this.entries = this.entries.filter((other) => other !== entry);
    this.dead = [...this.dead, entry].toSorted((one, other) => one.seq - other.seq);
    if (this.dead.length <= DEAD_MAX) return;
    this.dead.shift();
    this.dropped += 1;
  }

  status(): Omit<QueueStatus, "oldestAt"> {
    const { bytes, appended, removed, refused, dropped } = this;
    const [depth, dead] = [this.entries.length, this.dead.length];
    return { depth, bytes, appended, removed, refused, dropped, dead };
  }
}

/** The outbox and its model, to which everything is done alike. */
export class Pair {
  readonly #folder: string;
  readonly #how: How;
  readonly #clock = new ManualClock();
  readonly #models: ReadonlyMap<string, ModelQueue>;
  #outbox: Outbox;
  #queues: Record<string, OutboxQueue> = {};

  constructor(folder: string, how: How) {
    this.#folder = folder;
    this.#how = how;
    this.#models = new Map(NAMES.map((name) => [name, new ModelQueue(optionsOf(name))]));
    this.#outbox = this.#open();
  }

  /** In one turn, each by itself. */
  async append(name: string, texts: readonly string[]): Promise<void> {
    const model = this.#model(name);
    this.#expire();
    const appended = texts.map((text) => this.#queue(name).append(bytesOf(text)));
    for (const [index, result] of (await Promise.allSettled(appended)).entries()) {
      const text = texts[index] ?? "";
      if (model.hasRoom(text.length + OVERHEAD)) {
        expect(result).toEqual({
          status: "fulfilled",
          value: model.append(text, this.#clock.now()),
        });
      } else {
        expect(result).toMatchObject({ status: "rejected", reason: { code: "full" } });
        model.refused += 1;
      }
    }
    model.trim();
  }

  async appendToAll(text: string): Promise<void> {
    const models = [...this.#models.values()];
    this.#expire();
    const entries = NAMES.map((name) => ({ queue: this.#queue(name), bytes: bytesOf(text) }));
    const appended = this.#outbox.append(entries, [{ key: "last", value: text }]);
    if (models.every((model) => model.hasRoom(text.length + OVERHEAD))) {
      expect(await appended).toEqual(models.map((model) => model.append(text, this.#clock.now())));
      expect(this.#outbox.records.get("last")).toBe(text);
      for (const model of models) model.trim();
    } else {
      expect((await failure(appended)).code).toBe("full");
      for (const model of models) model.refused += 1;
    }
  }

  async remove(name: string, seqs: readonly number[]): Promise<void> {
    this.#queue(name).remove(seqs);
    // What is too old is not there to be removed.
    this.#expire();
    this.#model(name).remove(seqs);
    this.#compareEntries(name);
    if (this.#how.flushes) await this.#flush();
  }

  async removeUpTo(name: string, seq: number): Promise<void> {
    this.#queue(name).removeUpTo(seq);
    this.#expire();
    this.#model(name).remove(Array.from({ length: seq }, (_, index) => index + 1));
    this.#compareEntries(name);
    if (this.#how.flushes) await this.#flush();
  }

  async bury(name: string, seqs: readonly number[]): Promise<void> {
    this.#expire();
    for (const seq of seqs) {
      this.#queue(name).bury(seq, "bad");
      this.#model(name).bury(seq);
    }
    this.#compareEntries(name);
    if (this.#how.flushes) await this.#flush();
  }

  async replay(name: string): Promise<void> {
    const model = this.#model(name);
    const [letter] = model.dead;
    this.#expire();
    if (letter === undefined) {
      expect((await failure(this.#queue(name).deadLetters.replay(1))).code).toBe("not_found");
      return;
    }
    const replayed = this.#queue(name).deadLetters.replay(letter.seq);
    if (!model.hasRoom(letter.text.length + OVERHEAD)) {
      expect((await failure(replayed)).code).toBe("full");
      return;
    }
    model.dead.shift();
    expect(await replayed).toBe(model.append(letter.text, this.#clock.now()));
    model.trim();
  }

  async pass(ms: number): Promise<void> {
    this.#clock.jump(ms);
    for (const name of NAMES) this.#compareEntries(name, this.#clock.now());
    await this.#flush();
  }

  async reopen(): Promise<void> {
    this.#expire();
    await this.#outbox.close();
    this.#outbox = this.#open();
  }

  async compare(): Promise<void> {
    await this.#flush();
    for (const name of NAMES) {
      this.#compareEntries(name);
      const { oldestAt, ...status } = this.#queue(name).status();
      const model = this.#model(name);
      expect(status).toEqual(model.status());
      expect(oldestAt).toBe(model.entries[0]?.at);
      const dead = this.#queue(name).deadLetters.read(ALL);
      expect(dead.map(({ seq, bytes }) => `${seq}:${textOf(bytes)}`)).toEqual(
        model.dead.map(({ seq, text }) => `${seq}:${text}`),
      );
    }
  }

  async close(): Promise<void> {
    await this.#outbox.close();
  }

  async #flush(): Promise<void> {
    this.#expire();
    // What is too old goes with commits that come anyway, a part with each.
    for (let commits = 0; commits < 12; commits += 1) await this.#outbox.flush();
  }

  #compareEntries(name: string, now = this.#clock.now()): void {
    const { ageMaxMs = Number.POSITIVE_INFINITY } = optionsOf(name);
    const visible = this.#model(name).entries.filter(({ at }) => at >= now - ageMaxMs);
    const read = this.#queue(name).read(ALL);
    expect(read.map(({ seq, at, bytes }) => ({ seq, at, text: textOf(bytes) }))).toEqual(visible);
    const after = visible[1]?.seq ?? 0;
    const some = this.#queue(name).read({ after, countMax: 2, bytesMax: 1000 });
    const expected = visible.filter(({ seq }) => seq > after).slice(0, 2);
    expect(some.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq));
  }

  #expire(): void {
    for (const model of this.#models.values()) model.expire(this.#clock.now());
  }

  #open(): Outbox {
    const now = () => this.#clock.now();
    const { removalsPerCommitMax } = this.#how;
    const limits = { removalsPerCommitMax, batchEntriesMax: 7, deadLettersMax: DEAD_MAX };
    const outbox = openOutbox(this.#folder, { clock: this.#clock, now, limits });
    for (const name of NAMES) this.#queues[name] = outbox.queue(name, optionsOf(name));
    return outbox;
  }

  #queue(name: string): OutboxQueue {
    const queue = this.#queues[name];
    if (queue === undefined) throw new Error(`there is no queue ${name}`);
    return queue;
  }

  #model(name: string): ModelQueue {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`there is no queue ${name}`);
    return model;
  }
}

function optionsOf(name: string): QueueOptions {
  const options = QUEUES[name];
  if (options === undefined) throw new Error(`there is no queue ${name}`);
  return options;
}
