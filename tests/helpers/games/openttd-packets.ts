/** Packets of the admin port as the server writes and reads them, apart from the client, so that its mistakes show. */

export interface AdminPacket {
  readonly type: number;
  readonly body: Buffer;
}

type Field = number | string | { readonly u16: number } | { readonly u32: number };

/** A plain number is a byte; a string ends with a NUL. */
export function serverPacket(type: number, ...fields: readonly Field[]): Buffer {
  const body = Buffer.concat(fields.map(bytesOf));
  const head = Buffer.alloc(3);
  head.writeUInt16LE(body.length + 3, 0);
  head.writeUInt8(type, 2);
  return Buffer.concat([head, body]);
}

export const server = {
  protocol: (): Buffer =>
    serverPacket(103, 3, 1, { u16: 1 }, { u16: 0x41 }, 1, { u16: 5 }, { u16: 0x40 }, 0),
  welcome: (version = "13.0"): Buffer =>
    serverPacket(
      104,
      "Test server",
      version,
      1,
      "",
      { u32: 1 },
      0,
      { u32: 2 },
      { u16: 64 },
      { u16: 128 },
    ),
  clientInfo: (id: number, name: string): Buffer =>
    serverPacket(109, { u32: id }, "127.0.0.1", name, 0, { u32: 0 }, 255),
  clientJoin: (id: number): Buffer => serverPacket(108, { u32: id }),
  clientUpdate: (id: number, name: string): Buffer => serverPacket(110, { u32: id }, name, 255),
  clientQuit: (id: number): Buffer => serverPacket(111, { u32: id }),
  clientError: (id: number, error: number): Buffer => serverPacket(112, { u32: id }, error),
  chat: (id: number, text: string, action = 3): Buffer =>
    serverPacket(119, action, action - 3, { u32: id }, text, { u32: 0 }, { u32: 0 }),
  rconLine: (line: string): Buffer => serverPacket(120, { u16: 1 }, line),
  rconEnd: (command: string): Buffer => serverPacket(125, command),
  pong: (serial: number): Buffer => serverPacket(126, { u32: serial }),
  error: (code: number): Buffer => serverPacket(102, code),
  full: (): Buffer => serverPacket(100),
  banned: (): Buffer => serverPacket(101),
  newGame: (): Buffer => serverPacket(105),
  shutdown: (): Buffer => serverPacket(106),
};

/** The whole packets in `bytes`; what is left over is an error of the test. */
export function adminPackets(bytes: Buffer): AdminPacket[] {
  const packets: AdminPacket[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + bytes.readUInt16LE(at);
    if (end < at + 3 || end > bytes.length) throw new Error(`no whole packet at ${at}`);
    packets.push({ type: bytes.readUInt8(at + 2), body: bytes.subarray(at + 3, end) });
    at = end;
  }
  return packets;
}

/** Some more than the game replaces: whatever controls something, its own sprites, and what is no UTF-8. */
const REPLACED = /[\p{Cc}\ue000-\ue1ff\ufffd]/gu;

/** Reads fields as the game does: a string is cut at its limit, and what may not be in it becomes a question mark. */
export class FieldReader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  u8(): number {
    this.#at += 1;
    return this.#body.readUInt8(this.#at - 1);
  }

  u16(): number {
    this.#at += 2;
    return this.#body.readUInt16LE(this.#at - 2);
  }

  u32(): number {
    this.#at += 4;
    return this.#body.readUInt32LE(this.#at - 4);
  }

  /** `bytesMax` with the NUL. */
  text(bytesMax: number): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end === -1) throw new Error("a string has no end");
    const kept = this.#body.subarray(this.#at, Math.min(end, this.#at + bytesMax - 1));
    this.#at = end + 1;
    return kept.toString("utf8").replaceAll(REPLACED, "?");
  }

  get rest(): number {
    return this.#body.length - this.#at;
  }
}

function bytesOf(field: Field): Buffer {
  if (typeof field === "number") return Buffer.of(field);
  if (typeof field === "string") return Buffer.from(`${field}\0`);
  if ("u16" in field) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(field.u16);
    return bytes;
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(field.u32);
  return bytes;
}
