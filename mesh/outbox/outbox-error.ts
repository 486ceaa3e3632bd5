/**
 * Everything that can go wrong with what must not be lost, by name.
 *
 * | code | it means |
 * |---|---|
 * | `in_use` | another process, or this one, has the outbox of this folder open |
 * | `unwritable` | the folder or a file in it may not be written to |
 * | `damaged` | a file is not what was written; nothing was changed in it |
 * | `too_new` | a later version wrote the file |
 * | `disk_full` | there is no room on the disk, or the file is as large as it may get; nothing was kept |
 * | `io_failed` | the disk failed to read or write; nothing was kept |
 * | `full` | the queue has as many bytes as it may, and refuses more; nothing was kept |
 * | `too_large` | an entry, a record, its key or a name is longer than any may be |
 * | `too_many` | there are as many queues or records as may be |
 * | `invalid` | a name, a bound or a sequence number is not written as it must be: a mistake of the caller |
 * | `not_found` | no queue of this name, or no dead letter of this number, is there |
 * | `discarded` | the queue was discarded; open it again to go on with an empty one |
 * | `closed` | the outbox was closed |
 */
export type OutboxErrorCode =
  | "in_use"
  | "unwritable"
  | "damaged"
  | "too_new"
  | "disk_full"
  | "io_failed"
  | "full"
  | "too_large"
  | "too_many"
  | "invalid"
  | "not_found"
  | "discarded"
  | "closed";

/** The one error class of the outbox. `message` says what happened, where, and what to do. */
export class OutboxError extends Error {
  override readonly name = "OutboxError";
  readonly code: OutboxErrorCode;

  constructor(code: OutboxErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
