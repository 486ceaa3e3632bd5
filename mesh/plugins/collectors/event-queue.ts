/** What a delivery needs of the outbox. */

export interface QueueEntry {
  /** Grows with each entry, and is never given again. */
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** The bounds of a read; the first entry is answered however long it is. */
export interface QueueRead {
  /** Entries with higher numbers alone. */
  readonly after: number;
  readonly countMax: number;
  readonly bytesMax: number;
}

/** Events that wait on the disk, oldest first. Its methods may throw, or reject: then it is asked again. */
export interface EventQueue {
  /** They stay where they are. */
  read(options: QueueRead): readonly QueueEntry[];
  /** These are delivered. */
  remove(seqs: readonly number[]): Promise<unknown> | void;
  /** What was kept last, `undefined` until then. */
  readonly note: string | undefined;
  /** Keeps a short text beside the events. Resolves once it is on the disk, with what was removed before. */
  keepNote(text: string): Promise<void>;
  /** This one cannot be delivered; it is kept elsewhere. */
  bury(seq: number, reason: string): Promise<unknown> | void;
}
