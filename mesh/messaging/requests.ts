import { CcpError, type Registration } from "../../src/index.ts";
import { type Clock, DELAY_MS_MAX } from "../clock.ts";
import type { RemoteNode } from "../cluster/remote-node.ts";
import { MeshError } from "../mesh-error.ts";
import type { MeshLimits } from "../mesh-limits.ts";
import { quoted } from "../printable.ts";
import { chooseOne } from "../topics/choose-member.ts";
import { assertService } from "../topics/topic.ts";
import { type ChunkPart, readCancel, readReply, readRequest } from "./call-frames.ts";
import type { Target } from "./calls.ts";
import type { KnownNode } from "./known-node.ts";
import { LocalCalls } from "./local-calls.ts";
import { ANY_NODE, type MeshRequestOptions } from "./messenger.ts";
import { NameCache } from "./name-cache.ts";
import type { Change } from "./node-frames.ts";
import type { Nodes } from "./nodes.ts";
import { encodePayload } from "./payload.ts";
import { RequestServer, type ServerCounts } from "./request-server.ts";
import { Requester, type RequesterCounts } from "./requester.ts";
import { type Service, Services } from "./services.ts";

export interface RequestsOptions {
  readonly nodeName: string;
  readonly nodes: Nodes;
  readonly limits: MeshLimits;
  readonly clock: Clock;
  readonly schedule: (task: () => void) => void;
  readonly random: () => number;
  readonly onHandlerError: (error: unknown, service: string, owner: string) => void;
  /** A service of this node came or went. */
  readonly onOffer: (change: Change, name: string) => void;
}

export interface Question {
  /** The name of a node, or `ANY_NODE`. */
  readonly node: string;
  readonly service: string;
  readonly payload: unknown;
  readonly options: MeshRequestOptions;
}

/** Requests of this node and to it: who is asked, and who answers. [MESH-7.3] */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #services: Services;
  readonly #server: RequestServer;
  readonly #requester: Requester;
  readonly #local: LocalCalls;
  readonly #serviceNames = new NameCache(assertService);

  constructor(options: RequestsOptions) {
    const { nodeName, limits, clock, schedule, onHandlerError, onOffer } = options;
    this.#options = options;
    this.#services = new Services(onOffer);
    this.#server = new RequestServer({
      services: this.#services,
      clock,
      requestsPerCallerMax: limits.meshRequestsPerNodeMax,
      payloadBytesMax: limits.meshPayloadBytesMax,
      onHandlerError: (error, { name, owner }) => onHandlerError(error, name, owner),
    });
    this.#requester = new Requester({ clock, requestsMax: limits.meshRequestsMax });
    this.#local = new LocalCalls(nodeName, {
      schedule,
      server: this.#server,
      onReply: (reply) => this.#requester.onReply(this.#local, reply),
    });
  }

  get services(): string[] {
    return this.#services.list();
  }

  get asked(): RequesterCounts {
    return this.#requester.counts;
  }

  get served(): ServerCounts {
    return this.#server.counts;
  }

  /** @throws {MeshError} `name_taken`, `invalid_topic`, `too_many_subscriptions` */
  serve(service: Service): Registration {
    return this.#services.add(service);
  }

  /**
   * @throws {MeshError} as `Messenger.request` says
   * @throws {CcpError} `invalid_option` for a time that no timer keeps
   */
  async request({ node, service, payload, options }: Question): Promise<unknown> {
    const { meshRequestTimeoutMs, meshPayloadBytesMax } = this.#options.limits;
    const { timeoutMs = meshRequestTimeoutMs, signal } = options;
    assertTimeout(timeoutMs);
    assertService(service);
    const target = node === ANY_NODE ? this.#anyWith(service) : this.#named(node, service);
    return await this.#requester.ask(target, {
      service,
      payload: encodePayload(payload, meshPayloadBytesMax),
      timeoutMs,
      signal,
    });
  }

  onRequest(node: RemoteNode, frame: ChunkPart): string | undefined {
    const read = readRequest(frame, this.#serviceNames);
    if (typeof read === "string") return read;
    const known = this.#options.nodes.get(node);
    return known === undefined
      ? "request: the node has not opened"
      : this.#server.onRequest(known.calls, read);
  }

  onReply(node: RemoteNode, frame: ChunkPart): string | undefined {
    const read = readReply(frame);
    if (typeof read === "string") return read;
    const known = this.#options.nodes.get(node);
    if (known !== undefined) this.#requester.onReply(known.calls, read);
    return undefined;
  }

  onCancel(node: RemoteNode, frame: ChunkPart): string | undefined {
    const read = readCancel(frame);
    if (typeof read === "string") return read;
    const known = this.#options.nodes.get(node);
    if (known !== undefined) this.#server.onCancel(known.calls, read);
    return undefined;
  }

  /**
   * What was asked of the node, or its answer, may have been lost. Services go on with what the node has asked: if
   * it does not wait any more, it has said so or ignores the answer.
   */
  onRouteLost(node: RemoteNode): void {
    const known = this.#options.nodes.get(node);
    if (known !== undefined) this.#requester.onLost(known.calls);
  }

  onDown({ calls }: KnownNode): void {
    this.#requester.onLost(calls);
    this.#server.onGone(calls);
  }

  sizes(): Readonly<Record<string, number>> {
    return {
      waiting: this.#requester.counts.waiting,
      serving: this.#server.counts.serving,
      callers: this.#server.callers,
      deadlines: this.#requester.deadlines + this.#server.deadlines,
    };
  }

  close(): void {
    this.#requester.close();
    this.#server.close();
  }

  /** This node saves the way; of others, one with room for it if there is any. */
  #anyWith(service: string): Target {
    if (this.#services.has(service)) return this.#local;
    const offering = [...this.#options.nodes.up()].filter(
      ({ said, isOpen }) => isOpen && said.offers.has(service),
    );
    const withRoom = offering.filter(({ node }) => node.hasRoom);
    const { random } = this.#options;
    const chosen = chooseOne(withRoom.length > 0 ? withRoom : offering, random);
    if (chosen !== undefined) return chosen.calls;
    const text = `no node that is up serves ${quoted(service)}; start what does on one of them`;
    throw new MeshError("unknown_service", text);
  }

  #named(name: string, service: string): Target {
    const isLocal = name === this.#options.nodeName;
    const known = isLocal ? undefined : this.#options.nodes.named(name);
    if (!isLocal && known === undefined) {
      const text = `no node named ${quoted(name)} is up; is the name right, and does it run?`;
      throw new MeshError("unknown_node", text);
    }
    const offers = known?.said.offers ?? this.#services;
    if (offers.has(service)) return known?.calls ?? this.#local;
    const text = `the node ${quoted(name)} does not serve ${quoted(service)}; start what does there`;
    throw new MeshError("unknown_service", text);
  }
}

/** @throws {CcpError} `invalid_option` */
function assertTimeout(timeoutMs: unknown): void {
  const ms = Number.isInteger(timeoutMs) ? Number(timeoutMs) : 0;
  if (ms >= 1 && ms <= DELAY_MS_MAX) return;
  const text = `timeoutMs must be a whole number from 1 to ${DELAY_MS_MAX}, not ${String(timeoutMs)}`;
  throw new CcpError("invalid_option", text);
}
