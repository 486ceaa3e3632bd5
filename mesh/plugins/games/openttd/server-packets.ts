/** What a server's packets say, once they are read; a packet that says nothing new here is `undefined`. */

import type { ChatScope, LeaveReason, OpenttdServerInfo } from "./events.ts";
import { CHAT_BYTES_MAX } from "./limits.ts";
import { PacketReader } from "./packet-reader.ts";
import { ChatAction, FREQUENCY_AUTOMATIC, GameError, ServerPacket } from "./packet-types.ts";
import { plainLine, safeText } from "./safe-text.ts";

/** Longer than a server's name may be there. */
const NAME_BYTES_MAX = 256;

export type ServerMessage =
  | { readonly kind: "refused"; readonly type: number; readonly errorCode: number }
  | { readonly kind: "protocol"; readonly version: number; readonly automatic: ReadonlySet<number> }
  | { readonly kind: "welcome"; readonly server: OpenttdServerInfo }
  | { readonly kind: "new_game" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "client_join"; readonly id: number }
  | { readonly kind: "client_name"; readonly id: number; readonly name: string }
  | { readonly kind: "client_gone"; readonly id: number; readonly reason: LeaveReason }
  | {
      readonly kind: "chat";
      readonly scope: ChatScope;
      readonly id: number;
      readonly text: string;
    }
  | { readonly kind: "rcon_line"; readonly line: string }
  | { readonly kind: "rcon_end" }
  | { readonly kind: "pong"; readonly serial: number };

/** @throws {OpenttdError} `protocol_error` if it is shorter than what it must hold */
export function readServerPacket(type: number, body: Buffer): ServerMessage | undefined {
  const reader = new PacketReader(type, body);
  switch (type) {
    case ServerPacket.full:
    case ServerPacket.banned:
      return { kind: "refused", type, errorCode: 0 };
    case ServerPacket.error:
      return { kind: "refused", type, errorCode: reader.u8() };
    case ServerPacket.protocol:
      return readProtocol(reader);
    case ServerPacket.welcome:
      return { kind: "welcome", server: readWelcome(reader) };
    case ServerPacket.newGame:
      return { kind: "new_game" };
    case ServerPacket.shutdown:
      return { kind: "shutdown" };
    case ServerPacket.clientJoin:
      return { kind: "client_join", id: reader.u32() };
    case ServerPacket.clientInfo:
      return readClientInfo(reader);
    case ServerPacket.clientUpdate:
      return { kind: "client_name", id: reader.u32(), name: reader.text() };
    case ServerPacket.clientQuit:
      return { kind: "client_gone", id: reader.u32(), reason: "quit" };
    case ServerPacket.clientError:
      return { kind: "client_gone", id: reader.u32(), reason: reasonOf(reader.u8()) };
    case ServerPacket.chat:
      return readChat(reader);
    case ServerPacket.rcon:
      return readRconLine(reader);
    case ServerPacket.rconEnd:
      return { kind: "rcon_end" };
    case ServerPacket.pong:
      return { kind: "pong", serial: reader.u32() };
    default:
      // Newer servers say more than was asked for.
      return undefined;
  }
}

function readProtocol(reader: PacketReader): ServerMessage {
  const version = reader.u8();
  const automatic = new Set<number>();
  while (reader.u8() !== 0) {
    const update = reader.u16();
    if ((reader.u16() & FREQUENCY_AUTOMATIC) !== 0) automatic.add(update);
  }
  return { kind: "protocol", version, automatic };
}

function readWelcome(reader: PacketReader): OpenttdServerInfo {
  const name = safeText(reader.text(), NAME_BYTES_MAX);
  const version = safeText(reader.text(), NAME_BYTES_MAX);
  // Whether it is dedicated, the map's name, which is empty, its seed, landscape and first day.
  reader.u8();
  reader.text();
  reader.u32();
  reader.u8();
  reader.u32();
  return { name, version, mapWidth: reader.u16(), mapHeight: reader.u16() };
}

function readClientInfo(reader: PacketReader): ServerMessage {
  const id = reader.u32();
  // Where the client is, which is nobody else's affair.
  reader.text();
  return { kind: "client_name", id, name: reader.text() };
}

function readChat(reader: PacketReader): ServerMessage | undefined {
  const scope = scopeOf(reader.u8());
  // To whom, which the scope says already.
  reader.u8();
  const id = reader.u32();
  const text = safeText(reader.text(), CHAT_BYTES_MAX);
  return scope === undefined || text === "" ? undefined : { kind: "chat", scope, id, text };
}

/** `undefined` for what is no chat, such as money that is given. */
function scopeOf(action: number): ChatScope | undefined {
  switch (action) {
    case ChatAction.all:
      return "all";
    case ChatAction.team:
      return "team";
    case ChatAction.private:
      return "private";
    default:
      return undefined;
  }
}

/** The console may indent what it prints, so that spaces stay. */
function readRconLine(reader: PacketReader): ServerMessage {
  // Its colour.
  reader.u16();
  return { kind: "rcon_line", line: plainLine(reader.text()) };
}

function reasonOf(errorCode: number): LeaveReason {
  switch (errorCode) {
    case GameError.connectionLost:
      return "lost";
    case GameError.kicked:
      return "kicked";
    default:
      return "error";
  }
}
