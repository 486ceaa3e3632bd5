/** The frames of requests: MESH-7.3 to 7.5. */

import { type OutgoingRequest, type Reply, ReplyStatus } from "./calls.ts";
import { frameRoom } from "./frame-room.ts";
import type { PayloadKind } from "./messenger.ts";
import type { NameCache } from "./name-cache.ts";
import { NodeFrameType, type Read } from "./node-frames.ts";
import { flagsOf, kindOf } from "./payload.ts";

const ID_BYTES = 4;
/** `id`, `flags`, `timeoutMs`, and the length of the service's name. */
const REQUEST_HEAD_BYTES = 11;
/** `id`, `flags`, `status`. */
const REPLY_HEAD_BYTES = 6;

/** A payload that was not copied out of its chunk. */
export interface ChunkPart {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface IncomingRequest {
  readonly id: number;
  readonly kind: PayloadKind;
  readonly timeoutMs: number;
  readonly service: string;
  readonly payload: ChunkPart;
}

export interface IncomingReply {
  readonly id: number;
  readonly kind: PayloadKind;
  readonly status: ReplyStatus;
  readonly payload: ChunkPart;
}

export function encodeRequest({ id, service, timeoutMs, payload }: OutgoingRequest): Buffer {
  const serviceBytes = Buffer.byteLength(service);
  const payloadStart = 1 + REQUEST_HEAD_BYTES + serviceBytes;
  const frame = frameRoom(payloadStart, payload.bytes);
  frame[0] = NodeFrameType.request;
  frame.writeUInt32BE(id, 1);
  frame[5] = flagsOf(payload.kind);
  frame.writeUInt32BE(timeoutMs, 6);
  frame.writeUInt16BE(serviceBytes, 10);
  frame.write(service, 12);
  frame.set(payload.bytes, payloadStart);
  return frame;
}

export function encodeReply(id: number, { status, payload }: Reply): Buffer {
  const frame = frameRoom(1 + REPLY_HEAD_BYTES, payload.bytes);
  frame[0] = NodeFrameType.reply;
  frame.writeUInt32BE(id, 1);
  frame[5] = flagsOf(payload.kind);
  frame[6] = status;
  frame.set(payload.bytes, 1 + REPLY_HEAD_BYTES);
  return frame;
}

export function encodeCancel(id: number): Buffer {
  const frame = Buffer.allocUnsafe(1 + ID_BYTES);
  frame[0] = NodeFrameType.cancel;
  frame.writeUInt32BE(id, 1);
  return frame;
}

/** `services` reads the name. */
export function readRequest(
  { chunk, start, end }: ChunkPart,
  services: NameCache,
): Read<IncomingRequest> {
  const serviceStart = start + REQUEST_HEAD_BYTES;
  if (serviceStart > end) return "request: it ends within its head";
  const payloadStart = serviceStart + chunk.readUInt16BE(start + 9);
  if (payloadStart > end) return "request: it ends within the name of its service";
  const service = services.read(chunk, serviceStart, payloadStart);
  if (service === undefined) return "request: the name of its service is none";
  return {
    id: chunk.readUInt32BE(start),
    kind: kindOf(chunk.readUInt8(start + 4)),
    timeoutMs: chunk.readUInt32BE(start + 5),
    service,
    payload: { chunk, start: payloadStart, end },
  };
}

export function readReply({ chunk, start, end }: ChunkPart): Read<IncomingReply> {
  const payloadStart = start + REPLY_HEAD_BYTES;
  if (payloadStart > end) return "reply: it ends within its head";
  const status = statusOf(chunk.readUInt8(start + 5));
  if (status === undefined) return "reply: its status is none";
  return {
    id: chunk.readUInt32BE(start),
    kind: kindOf(chunk.readUInt8(start + 4)),
    status,
    payload: { chunk, start: payloadStart, end },
  };
}

/** Answers the id. */
export function readCancel({ chunk, start, end }: ChunkPart): Read<number> {
  if (end - start !== ID_BYTES) return `cancel: it has ${end - start} bytes instead of ${ID_BYTES}`;
  return chunk.readUInt32BE(start);
}

function statusOf(code: number): ReplyStatus | undefined {
  return Object.values(ReplyStatus).find((status) => status === code);
}
