/** Relays joined without sockets: what one publishes, the others have at once. Games and time do what the test says. */

import {
  type GameLine,
  type GamePlayer,
  type GameProvider,
  type GameStatus,
  MeshError,
  type Message,
  type Peer,
  type PresenceState,
  type SayOutcome,
  SettingsReader,
  type WrittenSettings,
} from "../../../../mesh/index.ts";
import { GameHub } from "../../../../mesh/game/game-hub.ts";
import { type Desk, newDesk, type RelayNode } from "../../../../mesh/plugins/chat/desk.ts";
import { MUTES_TOPIC, MuteDesk } from "../../../../mesh/plugins/chat/mute-desk.ts";
import { receiptTopicOf } from "../../../../mesh/plugins/chat/receipts.ts";
import { Relay } from "../../../../mesh/plugins/chat/relay.ts";
import { topicOf } from "../../../../mesh/plugins/chat/relay-line.ts";
import { readChatSettings } from "../../../../mesh/plugins/chat/settings.ts";
import { presenceOf } from "../../../../mesh/plugins/games/told.ts";
import { HeldGame } from "../../../../mesh/plugin-game.ts";
import { PluginHoldings } from "../../../../mesh/plugin-holdings.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";

/** Milliseconds since 1970 at which the tests begin. */
const START_DATE_MS = 1_800_000_000_000;

export class RelayBed {
  nowMs = 1000;
  readonly servers: RelayServer[] = [];
  /** Those that no other server reaches. */
  readonly #apart = new Set<RelayServer>();
  /** All that travels, in its order. */
  readonly published: { readonly from: string; readonly topic: string }[] = [];

  add(name: string, settings: WrittenSettings = {}): RelayServer {
    const server = new RelayServer(this, name, settings);
    this.servers.push(server);
    return server;
  }

  /** Long enough that nothing is an echo any more, and all may speak again. */
  later(): void {
    this.nowMs += 700_000;
  }

  async publish(from: string, topic: string, payload: unknown): Promise<void> {
    this.published.push({ from, topic });
    const sender = this.server(from);
    for (const server of this.servers) {
      const isReached = sender === undefined || server === sender || this.isLinked(sender, server);
      if (isReached) await server.receive(messageOf(from, topic, payload));
    }
  }

  isLinked(one: RelayServer, other: RelayServer): boolean {
    return one !== other && !this.#apart.has(one) && !this.#apart.has(other);
  }

  /** The server and the others lose each other. */
  part(server: RelayServer): void {
    this.#apart.add(server);
  }

  /** They find each other again, or for the first time. */
  async join(server: RelayServer): Promise<void> {
    this.#apart.delete(server);
    for (const other of this.servers.filter((one) => this.isLinked(server, one))) {
      await server.relay.lateLines.catchUpWith(other.name);
      await other.relay.lateLines.catchUpWith(server.name);
    }
    await this.settled();
  }

  server(name: string): RelayServer | undefined {
    return this.servers.find((server) => server.name === name);
  }

  /** Resolves when nothing travels any more. */
  async settled(): Promise<void> {
    for (const server of this.servers) await server.idle();
  }
}

export class RelayServer {
  readonly name: string;
  readonly log: RecordingLogger = new RecordingLogger();
  readonly desk: Desk;
  readonly relay: Relay;
  readonly mutes: MuteDesk;
  /** What the game was given to show, and to whom. */
  readonly shown: GameLine[] = [];
  readonly told: { readonly to: string; readonly text: string }[] = [];
  /** Services for which it was asked, and by whom. */
  readonly asked: { readonly service: string; readonly by: string }[] = [];
  readonly unloading: AbortController = new AbortController();
  players: GamePlayer[] = [];
  /** Its players go as soon as it is asked for one. */
  leaves = false;
  /** Instead of an answer. */
  answersWith: MeshError | undefined;
  outcome: SayOutcome = "sent";
  tellOutcome: SayOutcome = "sent";
  /** When the console says what became of a line. */
  consoleAnswers: Promise<void> = Promise.resolve();
  readonly #bed: RelayBed;
  #work: Promise<unknown> = Promise.resolve();

  constructor(bed: RelayBed, name: string, settings: WrittenSettings) {
    this.#bed = bed;
    this.name = name;
    const reader = new SettingsReader(settings);
    const read = readChatSettings(reader);
    if (reader.problems.length > 0) throw new Error(JSON.stringify(reader.problems));
    this.desk = newDesk(this.#node(), read, {
      now: () => bed.nowMs,
      date: () => START_DATE_MS + bed.nowMs,
    });
    this.relay = new Relay(this.desk);
    this.mutes = new MuteDesk(this.desk, { save: () => {} }, []);
  }

  /** A player of its game says something. */
  async say(
    player: string,
    text: string,
    more: { readonly audience?: "team" | "admin"; readonly team?: string } = {},
  ): Promise<void> {
    const { audience = "all", team } = more;
    await this.relay.onGameEvent({
      type: "chat",
      audience,
      player: { name: player, ...(team !== undefined && { team }) },
      text,
    });
    await this.#bed.settled();
  }

  async happens(event: Parameters<Relay["onGameEvent"]>[0]): Promise<void> {
    await this.relay.onGameEvent(event);
    await this.#bed.settled();
  }

  async receive(message: Message): Promise<void> {
    const { topic } = message;
    const { receive, teamChannels, adminChannels } = this.desk.settings;
    const channel = [...receive, ...teamChannels, ...adminChannels].find(
      (name) => topicOf(name) === topic,
    );
    if (channel !== undefined) this.relay.onMessage(channel, message);
    await someTurns();
    if (topic === receiptTopicOf(this.name)) this.relay.receipts.take(message);
    if (topic === MUTES_TOPIC) this.mutes.takeChange(message);
  }

  async answer(service: string, from: string, payload: unknown): Promise<unknown> {
    this.asked.push({ service, by: from });
    if (this.answersWith !== undefined) throw this.answersWith;
    if (this.leaves) this.players = [];
    switch (service) {
      case "chat.tell":
        return await this.relay.privateLines.answer(from, payload);
      case "chat.history":
        return this.relay.lateLines.answer(from, payload);
      case "chat.mutes":
        return this.mutes.answer(from);
      default:
        throw new MeshError("unknown_service", `nobody serves ${service}`);
    }
  }

  get lines(): string[] {
    return this.shown.map(({ text }) => text);
  }

  /** How often each outcome was come to, but for those that never were. */
  get counts(): Record<string, number> {
    const counts = Object.entries(this.desk.trace.counts).filter(([, count]) => count > 0);
    return Object.fromEntries(counts);
  }

  async idle(): Promise<void> {
    for (let last; last !== this.#work; ) {
      last = this.#work;
      await last;
    }
    await someTurns();
  }

  #node(): RelayNode {
    const bed = this.#bed;
    const hub = new GameHub();
    hub.provide(new BedGame(this), "a test");
    const presence = { presence: () => new Map(bed.servers.map(presenceFrom)) };
    return {
      name: this.name,
      log: this.log,
      signal: this.unloading.signal,
      game: new HeldGame(hub, presence, new PluginHoldings("chat", this.log)),
      publish: (topic, payload) => {
        this.#work = this.#work.then(() => bed.publish(this.name, topic, payload));
        return true;
      },
      request: async (node, service, payload) => {
        this.unloading.signal.throwIfAborted();
        const server = bed.server(node);
        const isReached = server === this || (server !== undefined && bed.isLinked(this, server));
        if (server === undefined || !isReached) {
          throw new MeshError("unknown_node", `there is no node ${node}`);
        }
        return await server.answer(service, this.name, structuredClone(payload));
      },
      peers: () => bed.servers.filter((server) => bed.isLinked(this, server)).map(peerOf),
    };
  }
}

class BedGame implements GameProvider {
  readonly #server: RelayServer;

  constructor(server: RelayServer) {
    this.#server = server;
  }

  get status(): GameStatus {
    const { outcome, players } = this.#server;
    return {
      adapter: "test",
      game: "test",
      state: outcome === "down" ? "waiting" : "up",
      map: null,
      players,
    };
  }

  async say(line: GameLine): Promise<SayOutcome> {
    const { outcome, shown, consoleAnswers } = this.#server;
    if (outcome === "sent") shown.push(line);
    await consoleAnswers;
    return outcome;
  }

  async tell({ name }: GamePlayer, text: string): Promise<SayOutcome> {
    const { tellOutcome, told } = this.#server;
    if (tellOutcome === "sent") told.push({ to: name, text });
    return tellOutcome;
  }
}

/** Games and commands answer after a turn or two. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

export function messageOf(from: string, topic: string, payload: unknown): Message {
  return { topic, from, kind: "value", bytes: Buffer.alloc(0), payload: structuredClone(payload) };
}

/** As a node with a game says it. */
function presenceFrom({ name, players }: RelayServer): [string, PresenceState] {
  return [name, presenceOf({ adapter: "test", game: "test", state: "up", map: null, players })];
}

function peerOf({ name }: RelayServer, at: number): Peer {
  return { name, instance: name, incarnation: at + 1, via: undefined, rttMs: 1 };
}
