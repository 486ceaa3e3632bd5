import type { Clock } from "../../../index.ts";
import type { ByteStream, ByteStreamHandler } from "./byte-stream.ts";
import { commandBytes } from "./command-bytes.ts";
import type { RconDialect } from "./dialect.ts";
import type { RconLimits } from "./limits.ts";
import { encodePackets, type Packet, PACKET_BYTES_MIN, PacketType, REFUSED_ID } from "./packet.ts";
import { type BadPacket, PacketDecoder, type PacketHandler } from "./packet-decoder.ts";
import { PendingCommand } from "./pending-command.ts";
import type { RconClient } from "./rcon-client.ts";
import { RconError, type RconErrorCode } from "./rcon-error.ts";

export interface SessionOptions {
  readonly stream: ByteStream;
  /** The server's address, for errors. */
  readonly where: string;
  readonly dialect: RconDialect;
  readonly limits: RconLimits;
  readonly clock: Clock;
}

type SessionState = "new" | "login" | "ready" | "closed";

const NEXT_STATES: Readonly<Record<SessionState, readonly SessionState[]>> = {
  new: ["login", "closed"],
  login: ["ready", "closed"],
  ready: ["closed"],
  closed: [],
};

/** Before the password is taken a server has nothing to say; this is one full packet nevertheless. */
const LOGIN_PACKET_BYTES_MAX = 4096 + PACKET_BYTES_MIN;
/** The last odd number that leaves one for a mark. */
const COMMAND_ID_MAX = 0x7f_ff_ff_fd;
const EMPTY: Uint8Array = new Uint8Array(0);

const BAD_PACKETS: Readonly<Record<BadPacket, string>> = {
  too_short: "a packet shorter than a packet can be",
  too_long: "a packet longer than a packet may be",
  not_terminated: "a packet that does not end in two NULs",
};

/** RCON over one connection: bytes in, replies out. Knows no socket and no time but those it is given. */
export class Session implements RconClient, ByteStreamHandler, PacketHandler {
  readonly closed: Promise<RconError>;

  readonly #options: SessionOptions;
  readonly #decoder: PacketDecoder;
  readonly #login: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #resolveClosed: (error: RconError) => void;
  #state: SessionState = "new";
  #closeError: RconError | undefined;
  #cancelLoginTimeout: () => void = () => {};
  #lastId = -1;
  #loginId = 0;
  /** Not sent yet, oldest first. */
  readonly #waiting: PendingCommand[] = [];
  /** Sent, by id: an odd one. The even one behind it is that of the packet that marks the end. */
  readonly #byId: Map<number, PendingCommand> = new Map();
  /** This server sends marks back, so that silence does not mean the end of a reply. */
  #marksComeBack = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#decoder = new PacketDecoder(this, LOGIN_PACKET_BYTES_MAX);
    const { promise, resolve } = Promise.withResolvers<RconError>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  /** Sends the password, which is not kept. Resolves once the server has taken it. */
  async login(password: Uint8Array): Promise<void> {
    const { stream, clock, limits, where } = this.#options;
    // The server may have said something wrong, or gone, before it was asked.
    if (this.#closeError !== undefined) throw this.#closeError;
    this.#enter("login");
    this.#loginId = this.#nextId();
    this.#cancelLoginTimeout = clock.after(limits.loginTimeoutMs, () => {
      const text = `${where} did not answer to the password within ${limits.loginTimeoutMs} ms; is this its RCON port?`;
      this.#fail("timeout", text);
    });
    stream.write(encodePackets([{ id: this.#loginId, type: PacketType.login, body: password }]));
    await this.#login.promise;
  }

  // --- what its owner asks for --------------------------------------------------------------

  async request(command: string): Promise<string> {
    return await this.#enqueue(command, true);
  }

  async tell(command: string): Promise<void> {
    await this.#enqueue(command, false);
  }

  close(): void {
    this.#fail("closed", `the connection to ${this.#options.where} was closed by this side`);
  }

  // --- what the stream tells ----------------------------------------------------------------

  onData(chunk: Buffer): void {
    this.#decoder.push(chunk);
  }

  onDrain(): void {
    this.#pump();
  }

  onClose(): void {
    const { where } = this.#options;
    const text =
      this.#state === "ready"
        ? `${where} closed the connection; has the server stopped, or changed its password?`
        : `${where} closed the connection before it answered to the password; does it speak RCON, and has it banned this machine?`;
    this.#fail("closed", text);
  }

  // --- what the decoder tells ---------------------------------------------------------------

  onBadPacket(why: BadPacket): void {
    const { where } = this.#options;
    const text = `${where} sent ${BAD_PACKETS[why]}; is this its RCON port?`;
    this.#fail("protocol_error", text);
  }

  onPacket({ id, type, body }: Packet): void {
    if (type === PacketType.loginResponse) this.#onLoginResponse(id);
    else if (type === PacketType.response && this.#state === "ready") this.#onResponse(id, body);
    // Else it is the empty packet of some servers before the answer to the password, or a kind that
    // only some games have.
  }

  // --- the parts ----------------------------------------------------------------------------

  #onLoginResponse(id: number): void {
    const { where, limits } = this.#options;
    if (id === REFUSED_ID) {
      const text =
        this.#state === "login"
          ? `${where} refused the password; correct it before the next attempt, as servers ban those who guess`
          : `${where} does not honour the password any more; was it changed?`;
      this.#fail("wrong_password", text);
      return;
    }
    if (this.#state !== "login" || id !== this.#loginId) return;
    this.#cancelLoginTimeout();
    this.#decoder.packetBytesMax = limits.replyBytesMax + PACKET_BYTES_MIN;
    this.#enter("ready");
    this.#login.resolve();
  }

  #onResponse(id: number, body: Uint8Array): void {
    if (isMark(id) && id <= markOf(this.#lastId)) {
      // Learnt from a late one as well, so that silence cuts off no second reply.
      this.#marksComeBack = true;
      const marked = this.#byId.get(id - 1);
      if (marked?.isMarked === true) this.#finish(marked);
      return;
    }
    // Others are late parts of replies that were given up, or what only some games send.
    const pending = this.#byId.get(id);
    if (pending !== undefined) this.#onPart(pending, body);
  }

  #onPart(pending: PendingCommand, body: Uint8Array): void {
    const { replyEnd, fullPartBytes } = this.#options.dialect;
    pending.addPart(body);
    switch (replyEnd) {
      case "one_packet":
        this.#finish(pending);
        return;
      case "mark_behind":
        this.#watchForSilence(pending);
        return;
      case "mark_after_full_part":
        if (pending.isMarked) this.#watchForSilence(pending);
        else if (body.length < fullPartBytes) this.#finish(pending);
        else this.#sendMark(pending);
    }
  }

  /** The server has read the command whole, as it answers: the mark cannot run together with it. */
  #sendMark(pending: PendingCommand): void {
    pending.isMarked = true;
    this.#options.stream.write(encodePackets([markPacket(pending.id)]));
    this.#watchForSilence(pending);
  }

  #watchForSilence(pending: PendingCommand): void {
    const { clock, limits } = this.#options;
    pending.cancelQuiet();
    pending.cancelQuiet = clock.after(limits.quietMs, () => {
      // Where marks come back the reply is only slow; that may have shown meanwhile.
      if (!this.#marksComeBack) this.#finish(pending);
    });
  }

  #finish(pending: PendingCommand): void {
    this.#byId.delete(pending.id);
    pending.finish();
    this.#pump();
  }

  #enqueue(command: string, wantsReply: boolean): Promise<string> {
    const { dialect, limits, clock, where } = this.#options;
    if (this.#closeError !== undefined) throw this.#closeError;
    const bytes = commandBytes(command, dialect.commandBytesMax);
    if (this.#waiting.length + this.#byId.size >= limits.commandsMax) {
      const text = `${limits.commandsMax} commands wait for ${where} already; send fewer, or wait for replies`;
      throw new RconError("queue_full", text);
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const pending = new PendingCommand({
      command: bytes,
      wantsReply,
      replyBytesMax: limits.replyBytesMax,
      onReply: resolve,
      onError: reject,
    });
    pending.cancelTimeout = clock.after(limits.requestTimeoutMs, () => this.#onTimeout(pending));
    this.#waiting.push(pending);
    this.#pump();
    return promise;
  }

  /** Sends what may be sent now. */
  #pump(): void {
    const { stream, dialect } = this.#options;
    while (this.#state === "ready" && !stream.busy && this.#byId.size < dialect.inFlightMax) {
      const pending = this.#waiting.shift();
      if (pending === undefined) return;
      this.#send(pending);
    }
  }

  #send(pending: PendingCommand): void {
    const { stream, dialect } = this.#options;
    pending.id = this.#nextId();
    const packets: Packet[] = [{ id: pending.id, type: PacketType.command, body: pending.command }];
    // Where replies are taken out of order, nobody waits for one that may never come.
    if (pending.wantsReply || dialect.inFlightMax === 1) this.#byId.set(pending.id, pending);
    else pending.cancelTimeout();
    if (pending.wantsReply && dialect.replyEnd === "mark_behind") {
      pending.isMarked = true;
      packets.push(markPacket(pending.id));
    }
    stream.write(encodePackets(packets));
    pending.sent();
  }

  #onTimeout(pending: PendingCommand): void {
    const { limits, dialect, where } = this.#options;
    const text = `${where} did not answer a command within ${limits.requestTimeoutMs} ms; it may have been carried out all the same`;
    const waitingAt = this.#waiting.indexOf(pending);
    if (waitingAt !== -1) this.#waiting.splice(waitingAt, 1);
    else if (dialect.inFlightMax === 1) {
      // Whatever is sent next could reach the server together with this, and it could read neither.
      this.#fail("timeout", `${text}; the connection was closed`);
      return;
    }
    this.#byId.delete(pending.id);
    pending.fail(new RconError("timeout", text));
    this.#pump();
  }

  #fail(code: RconErrorCode, text: string): void {
    if (this.#state === "closed") return;
    const wasLogin = this.#state === "login";
    this.#enter("closed");
    const error = new RconError(code, text);
    this.#closeError = error;
    this.#cancelLoginTimeout();
    this.#decoder.stop();
    this.#options.stream.close();
    if (wasLogin) this.#login.reject(error);
    const all = [...this.#byId.values(), ...this.#waiting];
    this.#byId.clear();
    this.#waiting.length = 0;
    for (const pending of all) pending.fail(error);
    this.#resolveClosed(error);
  }

  #enter(state: SessionState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a session of RCON cannot go from "${this.#state}" to "${state}"`);
    }
    this.#state = state;
  }

  /** Never 0 or below, which servers use for what answers nothing; none that is in use. */
  #nextId(): number {
    do {
      this.#lastId = this.#lastId >= COMMAND_ID_MAX ? 1 : this.#lastId + 2;
    } while (this.#byId.has(this.#lastId));
    return this.#lastId;
  }
}

function markPacket(commandId: number): Packet {
  return { id: markOf(commandId), type: PacketType.response, body: EMPTY };
}

function markOf(commandId: number): number {
  return commandId + 1;
}

function isMark(id: number): boolean {
  return id > 0 && id % 2 === 0;
}
