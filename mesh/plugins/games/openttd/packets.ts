/** The packets that this side sends. */

import {
  AdminPacket,
  ALL_CLIENTS,
  ChatAction,
  DESTINATION_ALL,
  DESTINATION_CLIENT,
  FREQUENCY_AUTOMATIC,
  Update,
} from "./packet-types.ts";

const HEADER_BYTES = 3;

export function encodeJoin(password: string, name: string, version: string): Buffer {
  return packet(AdminPacket.join, text(password), text(name), text(version));
}

export function encodeQuit(): Buffer {
  return packet(AdminPacket.quit);
}

export function encodeSubscribe(update: (typeof Update)[keyof typeof Update]): Buffer {
  return packet(AdminPacket.updateFrequency, u16(update), u16(FREQUENCY_AUTOMATIC));
}

/** Asks who a client is, or who all are. Here the kind of update is but one byte long. */
export function encodePollClients(id: number = ALL_CLIENTS): Buffer {
  return packet(AdminPacket.poll, Buffer.of(Update.clients), u32(id));
}

/** A line of the server's own, to everybody. */
export function encodeChat(line: string): Buffer {
  const head = Buffer.of(ChatAction.all, DESTINATION_ALL);
  return packet(AdminPacket.chat, head, u32(0), text(line));
}

/** A line of the server's own, to one client alone. */
export function encodePrivateChat(id: number, line: string): Buffer {
  const head = Buffer.of(ChatAction.private, DESTINATION_CLIENT);
  return packet(AdminPacket.chat, head, u32(id), text(line));
}

export interface ExternalChat {
  readonly source: string;
  readonly colour: number;
  readonly user: string;
  readonly text: string;
}

export function encodeExternalChat(chat: ExternalChat): Buffer {
  return packet(
    AdminPacket.externalChat,
    text(chat.source),
    u16(chat.colour),
    text(chat.user),
    text(chat.text),
  );
}

export function encodeRcon(command: string): Buffer {
  return packet(AdminPacket.rcon, text(command));
}

export function encodePing(serial: number): Buffer {
  return packet(AdminPacket.ping, u32(serial));
}

function packet(type: number, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  const whole = Buffer.concat([head, ...parts]);
  whole.writeUInt16LE(whole.length, 0);
  whole.writeUInt8(type, 2);
  return whole;
}

/** A NUL within would end it early, and let the rest be read as something else. */
function text(value: string): Buffer {
  return Buffer.from(`${value.replaceAll("\0", "")}\0`);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
