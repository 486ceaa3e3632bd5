import { OpenttdError } from "./openttd-error.ts";

const NUL = 0;

/** The body of a packet, read from its start; what is left over is of a newer server, and ignored. */
export class PacketReader {
  readonly #body: Buffer;
  readonly #type: number;
  #at = 0;

  constructor(type: number, body: Buffer) {
    this.#type = type;
    this.#body = body;
  }

  /** @throws {OpenttdError} `protocol_error` if the body is over, as all that follow */
  u8(): number {
    return this.#body.readUInt8(this.#skip(1));
  }

  u16(): number {
    return this.#body.readUInt16LE(this.#skip(2));
  }

  u32(): number {
    return this.#body.readUInt32LE(this.#skip(4));
  }

  /** UTF-8 up to a NUL; what is no UTF-8 is replaced. */
  text(): string {
    const end = this.#body.indexOf(NUL, this.#at);
    if (end === -1) throw this.#tooShort();
    const text = this.#body.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #skip(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#body.length) throw this.#tooShort();
    this.#at = at + bytes;
    return at;
  }

  #tooShort(): OpenttdError {
    const text = `a packet of type ${this.#type} is too short; is this a server of OpenTTD 1.4 or later?`;
    return new OpenttdError("protocol_error", text);
  }
}
