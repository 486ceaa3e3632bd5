import { ByteBudget } from "../../src/byte-budget.ts";
import type { ReceiverErrorContext } from "../../src/communication.ts";
import {
  type EndpointCounters,
  newCounters,
  REFUSAL_REASONS,
  type RefusalReason,
} from "../../src/counters.ts";
import { DEFAULT_ENDPOINT_LIMITS, type EndpointLimits } from "../../src/limits.ts";
import { ReceiverRegistry } from "../../src/receivers.ts";
import { ServerConnection, type ServerConnectionHost } from "../../src/server-connection.ts";
import { type Frame, parseFrames } from "./frames.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { nextTurn } from "./turns.ts";

export const CLIENT = { host: "192.0.2.7", port: 4711 } as const;

/** A {@link ServerConnection} over a transport in memory, with a clock that the test moves. */
export class ServerHarness {
  readonly registry: ReceiverRegistry = new ReceiverRegistry();
  readonly counters: EndpointCounters = newCounters();
  readonly budget: ByteBudget;
  readonly transport: MemoryTransport = new MemoryTransport();
  readonly errors: { readonly error: unknown; readonly context: ReceiverErrorContext }[] = [];
  readonly connection: ServerConnection;
  nowMs = 1000;
  started = 0;
  closed = 0;

  constructor(limits: Partial<EndpointLimits> = {}) {
    // Not checked, so that a test may go below what an endpoint allows.
    const allLimits = { ...DEFAULT_ENDPOINT_LIMITS, ...limits };
    this.budget = new ByteBudget(allLimits.memoryBytesMax);
    const host: ServerConnectionHost = {
      limits: allLimits,
      registry: this.registry,
      budget: this.budget,
      counters: this.counters,
      now: () => this.nowMs,
      onStarted: () => {
        this.started += 1;
      },
      onClosed: () => {
        this.closed += 1;
      },
      largest: () => this.connection,
      onRefused: (reason) => {
        this.counters.refusals[reason] += 1;
      },
      onReceiverError: (error, context) => {
        this.errors.push({ error, context });
      },
    };
    this.connection = new ServerConnection(this.transport, CLIENT, host);
  }

  /** One chunk arrives, made of the parts. */
  receive(...parts: readonly Uint8Array[]): void {
    this.connection.onData(Buffer.concat(parts));
  }

  /** Time passes, and the deadlines are looked at. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.connection.onTick(this.nowMs);
  }

  /** All that was sent, once the present turn is over. */
  async sent(): Promise<Frame[]> {
    await nextTurn();
    return parseFrames(this.transport.taken);
  }

  /** The codes of all that was sent. */
  async codes(): Promise<number[]> {
    return (await this.sent()).map(({ code }) => code);
  }

  /** Codes and data of all that was sent, as texts like `5:hello`. */
  async texts(): Promise<string[]> {
    return (await this.sent()).map(({ code, data }) => `${code}:${data.toString()}`);
  }

  /** The client takes `bytes` more. */
  drain(bytes: number = Number.POSITIVE_INFINITY): void {
    this.transport.capacity = bytes;
    this.connection.onDrain();
  }

  /** What was refused, by reason; nothing else. */
  get refusals(): Partial<Record<RefusalReason, number>> {
    const counted = REFUSAL_REASONS.filter((reason) => this.counters.refusals[reason] > 0);
    return Object.fromEntries(counted.map((reason) => [reason, this.counters.refusals[reason]]));
  }
}
