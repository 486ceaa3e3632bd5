/** Where a collector's events go: one file a scheme, all behind this. */

import type { Envelope, SettingsReader } from "../../index.ts";

/** An event that waits in the outbox of a collector. */
export interface WaitingEvent {
  /** Grows by one; with the collector's name it tells the event apart for ever. */
  readonly seq: number;
  readonly envelope: Envelope;
  /** The envelope as JSON without line breaks, as it stands in the outbox. */
  readonly json: string;
}

/**
 * What became of a batch.
 *
 * | kind | it means |
 * |---|---|
 * | `delivered` | the receiver has confirmed all of it, as far as its protocol can |
 * | `retry` | it is not there, too busy, or silent; nothing is known of the batch, so the same comes again |
 * | `refused` | it answered that it will not have these events, however often they come |
 *
 * `text` says what happened, where, and what to do; never with a secret in it.
 */
export type SendResult =
  | { readonly kind: "delivered" }
  | {
      readonly kind: "retry";
      readonly text: string;
      /** When the receiver wants to be asked again. */
      readonly afterMs?: number;
    }
  | { readonly kind: "refused"; readonly text: string };

export interface Batch {
  /** Oldest first; at least one. */
  readonly events: readonly WaitingEvent[];
  /** The same whenever the very same events are sent again, and for no others. */
  readonly key: string;
}

/** Sends batches, several at once where the collector is told to. Never throws. */
export interface Sink {
  /** Address or file, without secrets, for the status and the log. */
  readonly where: string;
  /** At most so many events may be in one batch, whatever the config says. */
  readonly batchEventsMax?: number;
  /** Of this machine, those that it writes, and those that it names so: no other collector may. */
  readonly files?: readonly string[];
  /**
   * What it needs of this machine and does not find: one text each, which begins with the key. No mistake of the config
   * for ever, as a folder may be mounted and a certificate be put there later.
   */
  readonly lacks?: () => Promise<readonly string[]>;
  /** The collector runs from now on: what the sink before it has left in doubt, is brought again. */
  start?(): void;
  /** Aborting gives it up: the answer does not matter any more. */
  send(batch: Batch, signal: AbortSignal): Promise<SendResult>;
  /** Lets go of connections and files. Nothing is sent any more. */
  close(): Promise<void>;
}

/** A scheme of `[collector:NAME] url`. */
export interface SinkKind {
  /** As in the URL, without the colon. */
  readonly schemes: readonly string[];
  /** Addresses of these schemes that, together, have all keys which any has. */
  readonly examples: readonly string[];
  /**
   * The sink that the section describes. Reads and checks its keys, and touches nothing outside: what is wrong stands in
   * `settings.problems` afterwards, and the sink is not used then.
   */
  readonly create: (options: SinkOptions) => Sink;
}

export interface SinkOptions {
  /** NAME. */
  readonly collector: string;
  /** The node's name. */
  readonly node: string;
  readonly url: URL;
  readonly settings: SettingsReader;
}
