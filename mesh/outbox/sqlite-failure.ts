/** What SQLite's errors mean to whoever runs the node. */

import { dirname } from "node:path";
import { errorText } from "../error-text.ts";
import { OutboxError } from "./outbox-error.ts";

/** An error of ours passes as it is. */
export function outboxError(cause: unknown, path: string): OutboxError {
  if (cause instanceof OutboxError) return cause;
  const code = sqliteCode(cause);
  if (code === "SQLITE_BUSY" || code === "SQLITE_LOCKED") return inUse(path, cause);
  if (code === "SQLITE_FULL") return diskFull(path, cause);
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" || code === "SQLITE_ERROR") {
    return damaged(path, errorText(cause), cause);
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code)) return unwritable(path, cause);
  const text = `${path}: the disk failed (${errorText(cause)}); see the system's log, and that the disk is sound`;
  return new OutboxError("io_failed", text, { cause });
}

export function damaged(path: string, what: string, cause?: unknown): OutboxError {
  const text =
    `${path} is damaged (${what}), and nothing of it was thrown away. Put a copy back that is whole, or have sqlite3 save ` +
    `what it can (".recover"); or move it, with ${path}-wal, out of the folder to start with nothing: what ` +
    "waits in it is then not delivered";
  return new OutboxError("damaged", text, { cause });
}

export function unwritable(path: string, cause: unknown): OutboxError {
  const text =
    `${path} cannot be written to (${errorText(cause)}); give the user that runs the node the right to write ` +
    `to all of ${dirname(path)}, or name another folder`;
  return new OutboxError("unwritable", text, { cause });
}

export function diskFull(path: string, cause?: unknown): OutboxError {
  const text =
    `${path}: no room is left on the disk, or the file is as large as it may get. Make room; ` +
    "nothing needs to be started again";
  return new OutboxError("disk_full", text, { cause });
}

function inUse(path: string, cause: unknown): OutboxError {
  const text =
    `${path} is in use by another process. Is a node running already? Each needs a data folder of its own: ` +
    "set another [node] data, or use --data";
  return new OutboxError("in_use", text, { cause });
}

function sqliteCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}
