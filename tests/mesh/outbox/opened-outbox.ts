import { Outbox, type OutboxOptions } from "../../../mesh/outbox/outbox.ts";
import { OutboxError, type OutboxErrorCode } from "../../../mesh/outbox/outbox-error.ts";
import type { OutboxQueue } from "../../../mesh/outbox/outbox-queue.ts";
import { rejection } from "../../helpers/turns.ts";

/** More than any test has. */
export const PLENTY = { bytesMax: 1_000_000, whenFull: "refuse" } as const;
export const ALL = { countMax: 100_000, bytesMax: 100_000_000 } as const;

/** Without the room that is kept on the disk, which takes longer to write than most tests. */
export function openOutbox(folder: string, options: Partial<OutboxOptions> = {}): Outbox {
  return Outbox.open({ ...options, folder, limits: { reserveBytes: 0, ...options.limits } });
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** What waits in a queue, as `seq:text`. */
export function contents(queue: OutboxQueue, after = 0): string[] {
  return queue.read({ after, ...ALL }).map(({ seq, bytes }) => `${seq}:${textOf(bytes)}`);
}

export async function appendAll(queue: OutboxQueue, texts: readonly string[]): Promise<number[]> {
  return await Promise.all(texts.map(async (text) => await queue.append(bytesOf(text))));
}

/** The code of what it throws. */
export function codeOf(action: () => unknown): OutboxErrorCode | "none" {
  try {
    action();
  } catch (error) {
    if (error instanceof OutboxError) return error.code;
    throw error;
  }
  return "none";
}

/** The error of the outbox that the promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<OutboxError> {
  const error = await rejection(promise);
  if (error instanceof OutboxError) return error;
  throw error;
}
