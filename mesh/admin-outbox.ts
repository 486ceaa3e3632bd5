/** What waits on the disk, and what could not be delivered, over HTTP. */

import * as v from "valibot";
import { bodyOf, json, problem } from "./admin-answers.ts";
import { jsonOf } from "./admin-json.ts";
import type { Durable } from "./durable/durable.ts";
import { OutboxError, type OutboxErrorCode } from "./outbox/outbox-error.ts";
import type { OutboxQueue } from "./outbox/outbox-queue.ts";
import type { DeadLetter } from "./outbox/dead-letters.ts";

/** Shown at once: what a terminal shows, and little enough to hold. */
const DEAD_SHOWN_MAX = 1000;
const DEAD_BYTES_MAX: number = 4 * 1024 * 1024;
/** Of one dead letter; the whole is replayed, not what is shown. */
const SHOWN_CHARS_MAX = 2000;

const DeadAction = v.strictObject({
  action: v.picklist(["replay", "discard"]),
  queue: v.string(),
  /** Without one, all that are there. */
  seq: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
});

const QueueAction = v.strictObject({ action: v.literal("discard"), queue: v.string() });

const STATUS_OF: Readonly<Partial<Record<OutboxErrorCode, number>>> = {
  not_found: 404,
  full: 503,
  disk_full: 503,
  invalid: 400,
};

export type AdministeredOutbox = Pick<
  Durable,
  "status" | "opened" | "replay" | "isInUse" | "discard"
>;

export function answerOutbox(durable: AdministeredOutbox): Response {
  return json(jsonOf(durable.status() ?? { queues: [], peers: [], consumers: [], failure: null }));
}

/** `?queue=NAME&after=SEQ&limit=N` */
export async function answerDead(durable: AdministeredOutbox, request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const name = query.get("queue");
  const after = Number(query.get("after") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  const isGood = Number.isSafeInteger(after) && after >= 0 && Number.isInteger(limit);
  if (name === null || !isGood || limit < 1 || limit > DEAD_SHOWN_MAX) {
    return problem(400, `ask with ?queue=NAME&after=SEQ&limit=1 to ${DEAD_SHOWN_MAX}`);
  }
  return await guarded(() => {
    const letters = queueOf(durable, name).deadLetters;
    return json(
      letters.read({ after, countMax: limit, bytesMax: DEAD_BYTES_MAX }).map(shownLetter),
    );
  });
}

/** `{"action": "replay" | "discard", "queue": NAME, "seq": N}` */
export async function actOnDead(durable: AdministeredOutbox, request: Request): Promise<Response> {
  const body = v.safeParse(DeadAction, await bodyOf(request));
  if (!body.success) {
    return problem(
      400,
      'send {"action": "replay" | "discard", "queue": NAME, "seq": N or nothing for all}',
    );
  }
  const { action, queue, seq } = body.output;
  return await guarded(async () => {
    const found = queueOf(durable, queue);
    const act = async (one: number): Promise<void> => {
      if (action === "replay") await durable.replay(found, one);
      else await found.deadLetters.discard(one);
    };
    if (seq !== undefined) await act(seq);
    return json({ ok: true, count: seq === undefined ? await actOnAll(allSeqs(found), act) : 1 });
  });
}

/**
 * One that is gone by its turn was dealt with by somebody else. Resolves with how many were dealt with here.
 *
 * @throws {OutboxError} that says how many were before it
 */
async function actOnAll(
  seqs: readonly number[],
  act: (seq: number) => Promise<void>,
): Promise<number> {
  let count = 0;
  for (const seq of seqs) {
    try {
      await act(seq);
      count += 1;
    } catch (error) {
      if (!(error instanceof OutboxError)) throw error;
      if (error.code === "not_found") continue;
      const text = `${error.message}; ${count} of ${seqs.length} were done before`;
      throw new OutboxError(error.code, text, { cause: error });
    }
  }
  return count;
}

/** `{"action": "discard", "queue": NAME}`: for one that nobody empties any more. */
export async function actOnQueue(durable: AdministeredOutbox, request: Request): Promise<Response> {
  const body = v.safeParse(QueueAction, await bodyOf(request));
  if (!body.success) return problem(400, 'send {"action": "discard", "queue": NAME}');
  const { queue } = body.output;
  return await guarded(async () => {
    const known = durable.opened?.queues().find(({ name }) => name === queue);
    if (known === undefined) throw noQueue(queue);
    if (durable.isInUse(queue)) return problem(409, inUse(queue));
    await durable.discard(queue);
    return json({ ok: true });
  });
}

function queueOf(durable: AdministeredOutbox, name: string): OutboxQueue {
  const { opened } = durable;
  const queue = opened?.opened(name);
  if (queue !== undefined) return queue;
  const isThere = opened?.queues().some((known) => known.name === name) === true;
  if (!isThere) throw noQueue(name);
  const text = `nothing uses the queue "${name}" now; bring back what did, or discard the queue`;
  throw new OutboxError("not_found", text);
}

function inUse(queue: string): string {
  return (
    `"${queue}" is in use: its collector stands in the config, a plugin handles for its consumer, ` +
    "or the node is there that it is for"
  );
}

function noQueue(name: string): OutboxError {
  return new OutboxError("not_found", `there is no queue "${name}"; GET /api/outbox lists them`);
}

function allSeqs({ deadLetters }: OutboxQueue): number[] {
  const seqs: number[] = [];
  for (let after = 0; ; after = seqs.at(-1) ?? 0) {
    const some = deadLetters.read({ after, countMax: DEAD_SHOWN_MAX, bytesMax: DEAD_BYTES_MAX });
    if (some.length === 0) return seqs;
    for (const { seq } of some) seqs.push(seq);
  }
}

function shownLetter({ seq, at, buriedAt, reason, bytes }: DeadLetter): unknown {
  const text = new TextDecoder().decode(bytes.subarray(0, SHOWN_CHARS_MAX));
  return { seq, at: new Date(at), buriedAt: new Date(buriedAt), reason, bytes: bytes.length, text };
}

async function guarded(act: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof OutboxError)) throw error;
    return problem(STATUS_OF[error.code] ?? 500, error.message, { code: error.code });
  }
}
