import { ByteRoom } from "./byte-room.ts";
import { RconError } from "./rcon-error.ts";

export interface PendingCommandOptions {
  readonly command: Uint8Array;
  readonly wantsReply: boolean;
  readonly replyBytesMax: number;
  readonly onReply: (reply: string) => void;
  readonly onError: (error: RconError) => void;
}

/** One command, from the call until its reply is whole. */
export class PendingCommand {
  readonly command: Uint8Array;
  readonly wantsReply: boolean;
  /** Of its packet; 0 before it is sent. */
  id = 0;
  /** The packet that marks the end of its reply was sent. */
  isMarked = false;
  cancelTimeout: () => void = () => {};
  cancelQuiet: () => void = () => {};

  readonly #options: PendingCommandOptions;
  readonly #reply: ByteRoom = new ByteRoom();
  #state: "collecting" | "overflown" | "settled" = "collecting";

  constructor(options: PendingCommandOptions) {
    this.#options = options;
    this.command = options.command;
    this.wantsReply = options.wantsReply;
  }

  /** What comes of too long a reply is forgotten, but its end is still waited for. */
  addPart(body: Uint8Array): void {
    if (this.#state !== "collecting" || !this.wantsReply) return;
    if (this.#reply.length + body.length <= this.#options.replyBytesMax) {
      this.#reply.add(body);
      return;
    }
    this.#state = "overflown";
    this.#reply.clear();
  }

  /** The reply is whole. */
  finish(): void {
    const { replyBytesMax, onReply } = this.#options;
    if (this.#state === "overflown") {
      const text = `the reply to a command was longer than ${replyBytesMax} bytes; the command was carried out: ask for less, or raise replyBytesMax`;
      this.fail(new RconError("reply_too_long", text));
      return;
    }
    // Decoded whole, because a part may end within a character.
    if (this.#settle()) onReply(new TextDecoder().decode(this.#reply.content));
  }

  fail(error: RconError): void {
    if (this.#settle()) this.#options.onError(error);
  }

  /** A command whose reply nobody waits for is done once it is sent. */
  sent(): void {
    if (!this.wantsReply && this.#settle(false)) this.#options.onReply("");
  }

  #settle(stopTimers = true): boolean {
    if (stopTimers) {
      this.cancelTimeout();
      this.cancelQuiet();
    }
    if (this.#state === "settled") return false;
    this.#state = "settled";
    return true;
  }
}
