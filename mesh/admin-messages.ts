/** Publishing and asking over HTTP, for scripts and people. */

import * as v from "valibot";
import { bodyOf, json, problem } from "./admin-answers.ts";
import { payloadFields } from "./admin-json.ts";
import { DELAY_MS_MAX } from "./clock.ts";
import type { Durable } from "./durable/durable.ts";
import { MeshError, type MeshErrorCode } from "./mesh-error.ts";
import { OutboxError } from "./outbox/outbox-error.ts";
import { ANY_NODE, type Messenger } from "./messaging/messenger.ts";

const Publication = v.strictObject({
  topic: v.string(),
  payload: v.optional(v.unknown(), null),
  durable: v.optional(v.boolean(), false),
});

/** Publishes, and resolves once what is to be kept of it is on the disk. */
export type PublishingDurable = Pick<Durable, "isTaking" | "publish" | "publishTapped">;

const Question = v.strictObject({
  node: v.optional(v.string(), ANY_NODE),
  service: v.string(),
  payload: v.optional(v.unknown(), null),
  timeoutMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(DELAY_MS_MAX))),
});

const STATUS_OF: Readonly<Record<MeshErrorCode, number>> = {
  invalid_topic: 400,
  invalid_payload: 400,
  too_many_subscriptions: 503,
  name_taken: 409,
  unknown_node: 404,
  unknown_service: 404,
  request_timeout: 504,
  remote_failure: 502,
  remote_busy: 503,
  node_lost: 502,
  queue_full: 503,
  too_many_requests: 503,
  cancelled: 503,
};

/** `hasRoom` is told only where it is false: whoever publishes much should pause. */
export async function answerPublish(
  durable: PublishingDurable,
  request: Request,
): Promise<Response> {
  const body = v.safeParse(Publication, await bodyOf(request));
  if (!body.success) {
    return invalid('send {"topic": TOPIC, "payload": ANY, "durable": true or nothing}');
  }
  if (!durable.isTaking) {
    return problem(503, "the node is stopping, and takes nothing more", { code: "closed" });
  }
  const { topic, payload, durable: isDurable } = body.output;
  try {
    const hasRoom = isDurable
      ? await durable.publish(topic, payload).then(() => true)
      : await durable.publishTapped(topic, payload);
    return json({ ok: true, ...(!hasRoom && { hasRoom }) });
  } catch (error) {
    return meshProblem(error);
  }
}

export async function answerRequest(messenger: Messenger, request: Request): Promise<Response> {
  const body = v.safeParse(Question, await bodyOf(request));
  if (!body.success) {
    return invalid('send {"node": NAME or "*", "service": NAME, "payload": ANY, "timeoutMs": N}');
  }
  const { node, service, payload, timeoutMs } = body.output;
  try {
    const answer = await messenger.request(node, service, payload, {
      // Whoever hangs up does not wait any more.
      signal: request.signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    return json(payloadFields(answer));
  } catch (error) {
    return meshProblem(error);
  }
}

/** @throws what is no error of the mesh */
export function meshProblem(error: unknown): Response {
  if (error instanceof OutboxError) return problem(503, error.message, { code: error.code });
  if (!(error instanceof MeshError)) throw error;
  return problem(STATUS_OF[error.code], error.message, { code: error.code });
}

function invalid(text: string): Response {
  return problem(400, text, { code: "invalid_body" });
}
