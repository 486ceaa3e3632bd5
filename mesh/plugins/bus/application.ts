import {
  ANY_NODE,
  CcpError,
  decode,
  MeshError,
  type Peer,
  type PluginNode,
  type RawChannel,
  RawReceiver,
  type Registration,
} from "../../index.ts";
import { BusError } from "./bus-error.ts";
import { BusSubscription } from "./bus-subscription.ts";
import { Calls } from "./calls.ts";
import { type Command, type CommandOf, parseCommand } from "./commands.ts";
import { Latest } from "./latest.ts";
import { COMMAND_BYTES_MAX, COMMANDS_PER_TURN } from "./limits.ts";
import { type Open, OpenTable } from "./open-table.ts";
import { Outlet } from "./outlet.ts";
import type { PresenceParts } from "./presence-parts.ts";

/** [BUS-1.3] */
const BUS_VERSION = 1;

/** What the applications of one node share. */
export interface BusContext {
  readonly node: PluginNode;
  readonly presence: PresenceParts;
  /** Who answers which requests. */
  readonly servers: Map<string, Application>;
}

/** One application on the bus. All that it has open goes with it. */
export class Application extends RawReceiver {
  readonly #node: PluginNode;
  readonly #presence: PresenceParts;
  readonly #servers: Map<string, Application>;
  readonly #outlet: Outlet;
  readonly #calls: Calls;
  readonly #open = new OpenTable();
  #commandsInTurn = 0;

  constructor(channel: RawChannel, { node, presence, servers }: BusContext) {
    super(channel);
    this.#node = node;
    this.#presence = presence;
    this.#servers = servers;
    this.#outlet = new Outlet(this);
    this.#calls = new Calls(this.#outlet);
    this.#outlet.send({ op: "hello", node: node.name, version: BUS_VERSION });
  }

  /** After some commands everybody else has a turn, those among them who are to hear what was published. */
  override onDataReceived(data: Buffer): void | Promise<void> {
    this.#onCommand(data);
    this.#commandsInTurn += 1;
    if (this.#commandsInTurn < COMMANDS_PER_TURN) return undefined;
    this.#commandsInTurn = 0;
    return nextTurn();
  }

  #onCommand(data: Buffer): void {
    if (data.length > COMMAND_BYTES_MAX) {
      const text = `the message has ${data.length} bytes; a command has at most ${COMMAND_BYTES_MAX}`;
      this.#refuse(undefined, new BusError("too_large", text));
      return;
    }
    let value: unknown;
    try {
      value = decode(data);
    } catch (error) {
      this.#refuse(undefined, error);
      // It speaks something else, and would wait for answers that cannot come. [BUS-1.4]
      this.stop();
      return;
    }
    this.#onValue(value);
  }

  override onClosed(): void {
    this.#outlet.close();
    this.#calls.failAll("the application that serves has gone before it answered");
    this.#open.closeAll();
    if (!this.#node.signal.aborted) this.#presence.remove(this);
  }

  #onValue(value: unknown): void {
    const command = parseCommand(value);
    if (!("op" in command)) {
      this.#refuse(command.id, new BusError("bad_command", command.text));
      return;
    }
    try {
      this.#obey(command);
    } catch (error) {
      this.#refuse("id" in command ? command.id : undefined, error);
    }
  }

  #obey(command: Command): void {
    switch (command.op) {
      case "subscribe":
        this.#subscribe(command);
        return;
      case "publish":
        this.#publish(command);
        return;
      case "request":
        void this.#request(command);
        return;
      case "serve":
        this.#serve(command);
        return;
      case "reply":
        this.#calls.reply(command.call, command.payload);
        return;
      case "fail":
        this.#calls.fail(command.call, command.text);
        return;
      case "presence":
        this.#onPresence(command);
        return;
      case "peers":
        this.#onPeers(command);
        return;
      case "stop":
        this.#stop(command);
        return;
    }
  }

  #subscribe({ id, pattern, group }: CommandOf<"subscribe">): void {
    this.#open.assertRoom(id, "subscription");
    const subscription = new BusSubscription({
      node: this.#node,
      outlet: this.#outlet,
      id,
      pattern,
      group,
    });
    this.#open.add(id, { kind: "subscription", close: () => subscription.close() });
    this.#outlet.send({ op: "ok", id });
  }

  #publish({ id, topic, payload }: CommandOf<"publish">): void {
    if (typeof id !== "number") {
      this.#node.publish(topic, payload);
      return;
    }
    this.#open.assertRoom(id, "publication");
    if (this.#node.publish(topic, payload)) this.#outlet.send({ op: "ok", id });
    else void this.#answerOnceDrained(id);
  }

  /** So an application that waits for its answers publishes no faster than the slowest node takes. [BUS-2.4] */
  async #answerOnceDrained(id: number): Promise<void> {
    const open: Open = { kind: "publication", close: () => {} };
    this.#open.add(id, open);
    await this.#node.drained();
    if (this.#open.remove(id, open)) this.#outlet.send({ op: "ok", id });
  }

  async #request(command: CommandOf<"request">): Promise<void> {
    const { id, node, service, payload, timeoutMs } = command;
    const givenUp = new AbortController();
    const text = "the application has given the request up";
    const open: Open = {
      kind: "request",
      close: () => givenUp.abort(new MeshError("cancelled", text)),
    };
    try {
      this.#open.assertRoom(id, "request");
    } catch (error) {
      this.#refuse(id, error);
      return;
    }
    this.#open.add(id, open);
    try {
      const result = await this.#node.request(node ?? ANY_NODE, service, payload, {
        signal: givenUp.signal,
        ...(typeof timeoutMs === "number" && { timeoutMs }),
      });
      await this.#outlet.whenRoom(() => this.#outlet.send({ op: "ok", id, result }));
    } catch (error) {
      this.#refuse(id, error);
    } finally {
      this.#open.remove(id, open);
    }
  }

  #serve({ id, service }: CommandOf<"serve">): void {
    this.#open.assertRoom(id, "service");
    this.#assertServedByNoApplication(service);
    const registration = this.#node.serve(service, (request) => this.#calls.put(id, request));
    this.#servers.set(service, this);
    const close = (): void => {
      this.#servers.delete(service);
      registration.remove();
    };
    this.#open.add(id, { kind: "service", close });
    this.#outlet.send({ op: "ok", id });
  }

  /** To the node all of them are one plugin, which is told too little. */
  #assertServedByNoApplication(service: string): void {
    const holder = this.#servers.get(service);
    if (holder === undefined) return;
    const who = holder === this ? "this application" : "another application of this node";
    const text = `${who} answers requests for "${service}" already; choose another name, or stop that service first`;
    throw new MeshError("name_taken", text);
  }

  #onPresence({ id, state, watch }: CommandOf<"presence">): void {
    this.#assertRoomToWatch(id, watch);
    if (state === null) this.#presence.remove(this);
    else if (state !== undefined) this.#presence.set(this, state);
    if (watch) {
      this.#watch(id, (latest) =>
        this.#node.presence.onChange(({ node, state }) => {
          latest.tell(node, { op: "presence", id, node, state: state ?? null });
        }),
      );
    }
    const result = Array.from(this.#node.presence.all(), ([node, said]) => ({ node, state: said }));
    this.#outlet.send({ op: "ok", id, result });
  }

  #onPeers({ id, watch }: CommandOf<"peers">): void {
    this.#assertRoomToWatch(id, watch);
    if (watch) {
      this.#watch(id, (latest) =>
        this.#node.onPeer(({ change, peer }) => {
          latest.tell(peer.name, { op: "peer", id, change, peer: described(peer) });
        }),
      );
    }
    this.#outlet.send({ op: "ok", id, result: this.#node.peers().map(described) });
  }

  #assertRoomToWatch(id: number, watch: boolean): void {
    if (watch) this.#open.assertRoom(id, "watch");
    else this.#open.assertFree(id);
  }

  #watch(id: number, listen: (latest: Latest) => Registration): void {
    const latest = new Latest(this.#outlet);
    const registration = listen(latest);
    const close = (): void => {
      registration.remove();
      latest.close();
    };
    this.#open.add(id, { kind: "watch", close });
  }

  #stop({ id }: CommandOf<"stop">): void {
    const open = this.#open.get(id);
    open.close();
    // A request is answered once, as every other: by its error.
    if (open.kind === "request") return;
    this.#open.remove(id, open);
    this.#outlet.send({ op: "ok", id });
  }

  #refuse(id: number | null | undefined, error: unknown): void {
    const known =
      error instanceof BusError || error instanceof MeshError || error instanceof CcpError;
    if (!known && !this.#outlet.isOver) this.#node.log.error("a command failed", { error });
    const { code, message: text } = known
      ? error
      : { code: "internal", message: "the node failed; its log says why" };
    this.#outlet.send({ op: "error", ...(typeof id === "number" && { id }), code, text });
  }
}

/** What is not known is nil, so that every key is there. [BUS-2.8] */
function described({
  name,
  instance,
  incarnation,
  via,
  rttMs,
}: Peer): Readonly<Record<string, unknown>> {
  return { name, instance, incarnation, via: via ?? null, rttMs: rttMs ?? null };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
