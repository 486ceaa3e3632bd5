/**
 * One connection to a server's admin port, without the connection: bytes in, events out, and bytes to send.
 *
 * It joins, asks to be told of players, asks who plays, and pings: the answer to that ping comes behind all the
 * others, so that the roster is whole then. From there on it hears chat and may speak.
 */

import type { Clock } from "../../../index.ts";
import { assertCommand } from "./console-command.ts";
import type { OpenttdEvent, OpenttdPlayer, OpenttdServerInfo } from "./events.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { OpenttdLimits } from "./limits.ts";
import { OpenttdError, type OpenttdErrorCode } from "./openttd-error.ts";
import { SERVER_CLIENT_ID, SERVER_PACKET_MIN, Update } from "./packet-types.ts";
import {
  encodeJoin,
  encodePing,
  encodePollClients,
  encodeQuit,
  encodeRcon,
  encodeSubscribe,
} from "./packets.ts";
import { assertPassword } from "./password.ts";
import { RconQueue, type RconReply } from "./rcon-queue.ts";
import { closedAtJoin, refusal } from "./refusals.ts";
import { Roster } from "./roster.ts";
import { readServerPacket, type ServerMessage } from "./server-packets.ts";
import {
  encodeLine,
  encodeTold,
  knowsExternalChat,
  type SaidLine,
  type SayOutcome,
  type SpeechColour,
  type SpeechMode,
  type TellOutcome,
} from "./speech.ts";

/** What the server shows of this client, in its console. */
const CLIENT_NAME = "ccp-mesh";
const CLIENT_VERSION = "1";

/** The way to the server. */
export interface SessionOutput {
  /** Answers `false` if so much waits already that the bytes were dropped. */
  send(bytes: Buffer): boolean;
}

/** Who hears of the session. */
export interface SessionHandler {
  /** The server has let the client in, and told who plays. */
  onUp(server: OpenttdServerInfo): void;
  onEvent(event: OpenttdEvent): void;
  /** Called once, last, with what was wrong; the connection is to be closed, after what was sent is taken. */
  onDown(error: OpenttdError): void;
}

export interface SessionOptions {
  readonly password: string;
  /** How errors name the server. */
  readonly where: string;
  readonly speech: SpeechMode;
  readonly colour: SpeechColour;
  readonly limits: OpenttdLimits;
  readonly clock: Clock;
  readonly output: SessionOutput;
  readonly handler: SessionHandler;
}

/** `joining` until the server answers to the password, `asking` until it has told who plays. */
type SessionState = "joining" | "welcoming" | "asking" | "up" | "down";

const NEXT_STATES: Readonly<Record<SessionState, readonly SessionState[]>> = {
  joining: ["welcoming", "down"],
  welcoming: ["asking", "down"],
  asking: ["up", "down"],
  up: ["down"],
  down: [],
};

export class Session {
  readonly #options: SessionOptions;
  readonly #decoder: FrameDecoder;
  readonly #roster = new Roster();
  readonly #rcon: RconQueue;
  readonly #heartbeat: Heartbeat;
  #state: SessionState = "joining";
  #server: OpenttdServerInfo | undefined;

  /** @throws {OpenttdError} `invalid_option` */
  constructor(options: SessionOptions) {
    assertPassword(options.password);
    this.#options = options;
    this.#rcon = new RconQueue(options);
    this.#heartbeat = new Heartbeat({
      limits: options.limits,
      clock: options.clock,
      sendPing: (serial) => this.#send(encodePing(serial)),
      onLate: (text) => this.#goDown(this.#error("timeout", text)),
    });
    this.#decoder = new FrameDecoder((type, body) => this.#onPacket(type, body));
  }

  get players(): readonly OpenttdPlayer[] {
    return this.#roster.players;
  }

  /** The connection is there. */
  start(): void {
    this.#heartbeat.start();
    this.#send(encodeJoin(this.#options.password, CLIENT_NAME, CLIENT_VERSION));
  }

  receive(chunk: Buffer): void {
    if (this.#state === "down") return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof OpenttdError)) throw error;
      this.#goDown(this.#error(error.code, `cannot be understood: ${error.message}`));
    }
  }

  /** The connection has closed, or broke, where it is known because of what. */
  onClosed(cause?: unknown): void {
    if (this.#state === "joining") {
      this.#goDown(closedAtJoin(this.#options.where, cause));
      return;
    }
    this.#goDown(this.#error("closed", "closed the connection; is it still running?", cause));
  }

  /** Says a line, or a text as it is, to everybody in the game; answers what became of it. */
  say(line: SaidLine | string): SayOutcome {
    if (this.#state !== "up") return "closed";
    const { speech, colour } = this.#options;
    const known = knowsExternalChat(this.#server?.version ?? "");
    const external = speech === "auto" ? known : speech === "external";
    return this.#speak(encodeLine(line, { external, colour }));
  }

  /** Shows a text to the one player of this number. */
  tell(id: number, text: string): TellOutcome {
    if (this.#state !== "up") return "closed";
    return this.#roster.get(id) === undefined ? "gone" : this.#speak(encodeTold(id, text));
  }

  /**
   * Has the server's console carry out a command, and answers what it prints. Whatever stands in the command is
   * carried out: text from elsewhere goes through `consoleText`.
   *
   * @throws {OpenttdError} `invalid_command`, `queue_full`, `timeout`, `closed`, and why the session went down
   */
  async rcon(command: string, timeoutMs?: number): Promise<RconReply> {
    assertCommand(command);
    if (this.#state !== "up") {
      const text = `there is no connection with the server at ${this.#options.where}`;
      throw new OpenttdError("closed", text);
    }
    const send = (): boolean => this.#options.output.send(encodeRcon(command));
    return await this.#rcon.add(send, timeoutMs ?? this.#options.limits.rconTimeoutMs);
  }

  /** Says goodbye; goes down at once. */
  close(): void {
    if (this.#state === "down") return;
    this.#options.output.send(encodeQuit());
    const text = `the connection with the server at ${this.#options.where} was closed from here`;
    this.#goDown(new OpenttdError("cancelled", text));
  }

  // --- what the server says -----------------------------------------------------------------

  #onPacket(type: number, body: Buffer): void {
    if (type < SERVER_PACKET_MIN) {
      const text = `it sent a packet of type ${type}, which no server sends; is this its admin port, not its game port?`;
      throw new OpenttdError("protocol_error", text);
    }
    const message = readServerPacket(type, body);
    if (message === undefined) return;
    if (message.kind === "refused") {
      this.#goDown(refusal(this.#options.where, message.type, message.errorCode));
      return;
    }
    switch (this.#state) {
      case "joining":
        this.#onJoining(message);
        return;
      case "welcoming":
        this.#onWelcoming(message);
        return;
      case "asking":
      case "up":
        this.#onMessage(message);
        return;
      case "down":
        return;
    }
  }

  #onJoining(message: ServerMessage): void {
    // It may begin or end a game while it looks at the password.
    if (message.kind === "new_game" || message.kind === "shutdown") return;
    if (message.kind !== "protocol") throw unexpected(message);
    for (const [name, update] of Object.entries(Update)) {
      if (message.automatic.has(update)) continue;
      const text = `version ${message.version} of its admin protocol tells nothing of ${name}; use OpenTTD 1.4 or later`;
      throw new OpenttdError("protocol_error", text);
    }
    this.#enter("welcoming");
  }

  #onWelcoming(message: ServerMessage): void {
    if (message.kind === "new_game" || message.kind === "shutdown") return;
    if (message.kind !== "welcome") throw unexpected(message);
    this.#server = message.server;
    this.#enter("asking");
    this.#send(encodeSubscribe(Update.clients));
    this.#send(encodePollClients());
    this.#heartbeat.ping();
  }

  #onMessage(message: ServerMessage): void {
    switch (message.kind) {
      case "protocol":
      case "refused":
        throw unexpected(message);
      case "welcome":
        this.#server = message.server;
        // Those who stayed are told again, should one have been missed.
        this.#send(encodePollClients());
        this.#tell({ kind: "map", server: message.server });
        return;
      case "new_game":
        this.#onNewGame();
        return;
      case "shutdown":
        this.#tell({ kind: message.kind });
        return;
      case "client_join":
        this.#askFor(message.id);
        return;
      case "client_name":
        this.#tell(this.#roster.learn(message.id, message.name));
        return;
      case "client_gone":
        this.#tell(this.#roster.forget(message.id, message.reason));
        return;
      case "chat":
        this.#onChat(message);
        return;
      case "rcon_line":
        this.#rcon.onLine(message.line);
        return;
      case "rcon_end":
        this.#rcon.onEnd();
        return;
      case "pong":
        this.#onPong(message.serial);
        return;
    }
  }

  /** All are cut off then. Not every server tells of each, and numbers may be given anew. */
  #onNewGame(): void {
    this.#tell({ kind: "new_game" });
    for (const { id } of this.#roster.players) this.#tell(this.#roster.forget(id, "lost"));
  }

  #onChat({ id, scope, text }: Extract<ServerMessage, { kind: "chat" }>): void {
    // What the console says for this client comes back, too.
    if (id === SERVER_CLIENT_ID) return;
    this.#askFor(id);
    this.#tell({ kind: "chat", scope, player: this.#roster.whoever(id), text });
  }

  #onPong(serial: number): void {
    if (!this.#heartbeat.onPong(serial)) return;
    if (this.#state !== "asking" || this.#server === undefined) return;
    this.#send(encodeSubscribe(Update.chat));
    if (this.#state !== "asking") return;
    this.#enter("up");
    this.#options.handler.onUp(this.#server);
  }

  // --- the parts ----------------------------------------------------------------------------

  /** Whose name is not known. */
  #askFor(id: number): void {
    if (this.#roster.isUnknown(id)) this.#send(encodePollClients(id));
  }

  /** Who plays when the session goes up is told then, all at once. */
  #tell(event: OpenttdEvent | undefined): void {
    if (event !== undefined && this.#state === "up") this.#options.handler.onEvent(event);
  }

  #speak(packet: Buffer | undefined): SayOutcome {
    if (packet === undefined) return "empty";
    return this.#options.output.send(packet) ? "sent" : "queue_full";
  }

  /** For what the session cannot do without. */
  #send(bytes: Buffer): void {
    if (this.#options.output.send(bytes) || this.#state === "down") return;
    this.#goDown(this.#error("timeout", "takes nothing of what is sent to it; does it hang?"));
  }

  #error(code: OpenttdErrorCode, text: string, cause?: unknown): OpenttdError {
    const { where } = this.#options;
    return new OpenttdError(code, `the server at ${where} ${text}`, { cause });
  }

  #goDown(error: OpenttdError): void {
    if (this.#state === "down") return;
    this.#enter("down");
    this.#heartbeat.stop();
    this.#decoder.stop();
    this.#rcon.fail(error);
    this.#options.handler.onDown(error);
  }

  #enter(state: SessionState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new Error(`a session cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}

function unexpected({ kind }: ServerMessage): OpenttdError {
  const text = `it sent "${kind}" out of turn; is this the admin port of an OpenTTD server?`;
  return new OpenttdError("protocol_error", text);
}
