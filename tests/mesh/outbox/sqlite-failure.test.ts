import { expect, test } from "bun:test";
import { OutboxError, type OutboxErrorCode } from "../../../mesh/outbox/outbox-error.ts";
import { outboxError } from "../../../mesh/outbox/sqlite-failure.ts";

test.each<[sqlite: string, code: OutboxErrorCode]>([
  ["SQLITE_BUSY", "in_use"],
  ["SQLITE_LOCKED", "in_use"],
  ["SQLITE_FULL", "disk_full"],
  ["SQLITE_CORRUPT_VTAB", "damaged"],
  ["SQLITE_CORRUPT", "damaged"],
  ["SQLITE_NOTADB", "damaged"],
  ["SQLITE_ERROR", "damaged"],
  ["SQLITE_READONLY_DIRECTORY", "unwritable"],
  ["SQLITE_CANTOPEN", "unwritable"],
  ["SQLITE_PERM", "unwritable"],
  ["SQLITE_IOERR_FSYNC", "io_failed"],
  ["SQLITE_SOMETHING_NEW", "io_failed"],
])("%s is %s", (sqlite, code) => {
  const cause = Object.assign(new Error("what SQLite says"), { code: sqlite });
  const error = outboxError(cause, "/data/outbox.sqlite");
  expect(error.code).toBe(code);
  expect(error.cause).toBe(cause);
  expect(error.message).toStartWith("/data/outbox.sqlite");
});

test("an error that is one already stays itself, and anything else is told", () => {
  const error = new OutboxError("full", "no room");
  expect(outboxError(error, "/data/outbox.sqlite")).toBe(error);
  expect(outboxError("thrown", "/data/outbox.sqlite").message).toContain("(thrown)");
});
