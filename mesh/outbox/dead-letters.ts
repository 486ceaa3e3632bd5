import type { ReadBounds } from "./bounded-read.ts";

/** An entry that cannot be delivered. */
export interface DeadLetter {
  /** Its number in the queue it was buried from. */
  readonly seq: number;
  /** When it was appended and when it was buried, in milliseconds since 1970. */
  readonly at: number;
  readonly buriedAt: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** What dead letters ask of the outbox. */
export interface DeadLetterAccess {
  readonly read: (after: number, bounds: ReadBounds) => DeadLetter[];
  readonly act: (seq: number, fate: "replay" | "discard") => Promise<number>;
}

/** The entries of one queue that cannot be delivered, for somebody to look at. The oldest go when there are too many. */
export class DeadLetters {
  readonly #access: DeadLetterAccess;

  constructor(access: DeadLetterAccess) {
    this.#access = access;
  }

  /**
   * Those with numbers above `after`, lowest first.
   *
   * @throws {OutboxError} `closed`, `damaged`, `io_failed`
   */
  read({ after = 0, ...bounds }: ReadBounds & { readonly after?: number }): DeadLetter[] {
    return this.#access.read(after, bounds);
  }

  /**
   * Puts one at the end of its queue, as an entry that came now: its old place may be long behind what was
   * delivered. Resolves with its new number.
   *
   * @throws {OutboxError} `not_found`, `full`, and what an append fails with
   */
  async replay(seq: number): Promise<number> {
    return await this.#access.act(seq, "replay");
  }

  /** Takes one out for good. @throws {OutboxError} `not_found`, and what an append fails with */
  async discard(seq: number): Promise<void> {
    await this.#access.act(seq, "discard");
  }
}
