/** Every bound of a collector's delivery: its default, its unit and the reason for both. */

import type { WholeRange } from "../../index.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** What a section sets, in the config with underscores: `batch_events`. */
export interface DeliverySettings {
  /** Events that one batch has at most. */
  readonly batchEvents: number;
  /** Bytes of the events that one batch has at most; one event alone may have more. */
  readonly batchBytes: number;
  /** How long an event waits for others to fill its batch. */
  readonly batchMs: number;
  /** Batches that are on their way at once; with one, events arrive in order. */
  readonly concurrency: number;
  /** For one batch: what is not confirmed by then is sent again. */
  readonly timeoutMs: number;
  /** The longest wait after the first failure, and after any. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Refusals after which an event is set aside. */
  readonly triesMax: number;
}

export const DELIVERY_DEFAULTS: DeliverySettings = {
  // Past it a request is no cheaper an event.
  batchEvents: 500,
  // Below what receivers take by default, 1 MiB with nginx; 500 events of some 500 bytes.
  batchBytes: 256 * KiB,
  // Nobody notices, and a burst of joins is one request.
  batchMs: 50,
  // Order is what people expect; one is enough for tens of thousands of events a second nearby.
  concurrency: 1,
  // Longer than a receiver that is merely busy takes, and short enough for the status to tell.
  timeoutMs: 10 * SECOND_MS,
  // A restart of the receiver goes unnoticed.
  retryMinMs: 500,
  // What an operator bears to wait for a receiver that has come back.
  retryMaxMs: MINUTE_MS,
  // A bad minute of a receiver that answers with the wrong status costs no event.
  triesMax: 5,
};

export const DELIVERY_RANGES: Readonly<Record<keyof DeliverySettings, WholeRange>> = {
  // Below what one commit of the outbox takes out, so that a crash leaves no part of a delivered batch.
  batchEvents: { min: 1, max: 4000 },
  batchBytes: { min: KiB, max: 8 * MiB },
  batchMs: { min: 0, max: 10 * SECOND_MS },
  // With the largest batches, 128 MiB of memory.
  concurrency: { min: 1, max: 16 },
  timeoutMs: { min: 100, max: 10 * MINUTE_MS },
  retryMinMs: { min: 10, max: HOUR_MS },
  retryMaxMs: { min: 10, max: HOUR_MS },
  triesMax: { min: 1, max: 100 },
};

/** Failures in a row after which the receiver is taken to be gone, and only one batch at a time asks for it. */
export const FAILURES_TO_OPEN = 5;

/** What a receiver may ask to be left alone for; more is a mistake of its clock. */
export const RETRY_AFTER_MS_MAX: number = HOUR_MS;

/**
 * Refused events that wait for another try while others go on. With more, nothing new is taken from the queue: a
 * receiver that refuses so many may refuse everything.
 */
export const ASIDE_MAX = 32;

/**
 * Events that are set aside of a receiver that takes no other. Past it the receiver refuses everything, which is a
 * mistake in the config: nothing more is set aside, and nothing is lost. What is behind them is tried one event at a
 * time, in case it was they alone.
 */
export const BURIED_IN_ROW_MAX = 20;

/** Ends of batches that are noted on the disk: some KiB, and more than are in hand unless many are halved. */
export const CUTS_MAX = 1000;

/** What is on its way may take so long to arrive when the collector closes. */
export const CLOSE_GRACE_MS: number = 5 * SECOND_MS;

/** Of all collectors together, when the plugin is unloaded: that, 2 s for a connection to end or a disk, and one more. */
export const UNLOAD_GRACE_MS: number = CLOSE_GRACE_MS + 3 * SECOND_MS;

/** Characters of what went wrong, in the status, the log and beside an event that is set aside. */
export const ERROR_CHARS_MAX = 500;

/** The same trouble again and again is told once in this time. */
export const TROUBLE_LOGGED_EVERY_MS: number = 10 * MINUTE_MS;

/** Events that are set aside come in crowds; one line tells of all in this time. */
export const BURIED_LOGGED_EVERY_MS: number = MINUTE_MS;
