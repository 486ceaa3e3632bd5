/**
 * The constants of CCP, the Custom Communication Port protocol.
 *
 * A message is a 3-byte big-endian length followed by that many bytes: one byte of code, then data.
 * `docs/PROTOCOL.md` numbers every clause; the code cites them as `[CCP-n.m]`.
 */

/** Bytes of the length that precedes every message. [CCP-1.1] */
export const HEADER_BYTES = 3;

/** The longest message, its code included. [CCP-1.2] */
export const MESSAGE_BYTES_MAX = 0xff_ff_ff;

/** The longest data one message can carry. [CCP-1.2] */
export const DATA_BYTES_MAX: number = MESSAGE_BYTES_MAX - 1;

/** What the side that dialled may say. [CCP-2.1] */
export const ClientCode = {
  startRequest: 0x01,
  startRaw: 0x02,
  data: 0x05,
  end: 0x0a,
} as const;
export type ClientCode = (typeof ClientCode)[keyof typeof ClientCode];

/** What the side that listens may say. [CCP-2.2] */
export const ServerCode = {
  accepted: 0x01,
  nobodyHome: 0x02,
  communicationError: 0x03,
  protocolError: 0x04,
  data: 0x05,
  end: 0x0a,
} as const;
export type ServerCode = (typeof ServerCode)[keyof typeof ServerCode];

/** How a communication exchanges data: a reply for each request, or messages either way at any time. */
export type Mode = "request" | "raw";
