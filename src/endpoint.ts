/**
 * A CCP endpoint: one TCP port that any number of plugins share.
 *
 * ```ts
 * import { Endpoint } from "ccp-mesh/ccp";
 *
 * const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 28080 });
 * endpoint.onRequest("echo", (_address, data) => data);
 * ```
 */

import type { Address } from "./address.ts";
import { Admission } from "./admission.ts";
import { type Listener, listen } from "./bun-transport.ts";
import { ByteBudget } from "./byte-budget.ts";
import { newCounters } from "./counters.ts";
import type { EndpointOptions, EndpointStatus } from "./endpoint-options.ts";
import { CcpError } from "./errors.ts";
import { DEFAULT_ENDPOINT_LIMITS, withLimits } from "./limits.ts";
import {
  type RawReceiverClass,
  ReceiverRegistry,
  type Registration,
  type RequestCallback,
} from "./receivers.ts";
import { ServerConnection, type ServerConnectionHost } from "./server-connection.ts";
import { assertUpgradeTls } from "./tls-options.ts";
import type { Transport } from "./transport.ts";
import type { UpgradeReceiver } from "./upgrades.ts";
import { Whitelist } from "./whitelist.ts";

/** How often deadlines are looked at: a twelfth of the shortest default, so it is kept within 8 %. */
const TICK_MS = 250;

export class Endpoint {
  readonly #registry = new ReceiverRegistry();
  readonly #host: ServerConnectionHost;
  readonly #onInternalError: EndpointOptions["onInternalError"];
  readonly #admission: Admission<ServerConnection>;
  /** Those that belong to whoever established them. */
  readonly #upgraded = new Set<ServerConnection>();
  readonly #servesTls: boolean;
  readonly #listener: Listener;
  #whitelist: Whitelist;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #closing = false;
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  /**
   * Listens until `close` is called.
   *
   * @throws {CcpError} `address_in_use`, `listen_failed`, `tls_failed`, `invalid_option`
   */
  static async listen(options: EndpointOptions): Promise<Endpoint> {
    const { whitelist: given = ["localhost"] } = options;
    const whitelist = given instanceof Whitelist ? given : await Whitelist.create(given);
    try {
      return new Endpoint(options, whitelist);
    } catch (error) {
      // Who made the whitelist may want to try again with it.
      if (whitelist !== given) whitelist.close();
      throw error;
    }
  }

  private constructor(options: EndpointOptions, whitelist: Whitelist) {
    this.#whitelist = whitelist;
    const limits = withLimits(DEFAULT_ENDPOINT_LIMITS, options.limits);
    const now = (): number => performance.now();
    this.#admission = new Admission(limits, now);
    this.#onInternalError = options.onInternalError;
    this.#servesTls = options.tls !== undefined;
    this.#host = {
      limits,
      registry: this.#registry,
      budget: new ByteBudget(limits.memoryBytesMax),
      counters: newCounters(),
      now,
      onStarted: (connection) => {
        this.#admission.onStarted(connection);
        if (connection.state === "upgraded") this.#upgraded.add(connection);
      },
      onClosed: (connection) => this.#onClosed(connection),
      largest: () => this.#largest(),
      onRefused: (reason, address) => {
        this.#host.counters.refusals[reason] += 1;
        this.#guard(() => options.onRefused?.(reason, address));
      },
      onReceiverError: (error, context) => {
        this.#guard(() => options.onReceiverError?.(error, context));
      },
    };
    this.#listener = listenSomewhere(options.hostname, {
      port: options.port,
      tls: options.tls,
      admit: (address) => this.#admit(address),
      accept: (transport, address) => this.#accept(transport, address),
      onHandlerError: (error) => options.onInternalError?.(error),
    });
  }

  get hostname(): string {
    return this.#listener.hostname;
  }

  get port(): number {
    return this.#listener.port;
  }

  /**
   * Answers request-based communications for a plugin name.
   *
   * @throws {CcpError} `name_taken`, which names who has it
   */
  onRequest(name: string, callback: RequestCallback, owner = "this program"): Registration {
    return this.#registry.addRequest(name, callback, owner);
  }

  /**
   * Receives raw communications for a plugin name: an instance for each.
   *
   * @throws {CcpError} `name_taken`, which names who has it
   */
  onRaw(name: string, receiver: RawReceiverClass, owner = "this program"): Registration {
    return this.#registry.addRaw(name, receiver, owner);
  }

  /**
   * Takes over the connections that start a raw communication for a plugin name, to go on with TLS 1.3. As
   * long as one is registered, those who are not on the whitelist may ask for it, and for nothing else.
   * Removing it closes the connections that are not established yet.
   *
   * @throws {CcpError} `name_taken`, which names who has it; `tls_failed` for a certificate or a key that
   *   cannot be used; `invalid_option` where the endpoint itself serves TLS
   */
  onUpgrade(name: string, upgrade: UpgradeReceiver, owner = "this program"): Registration {
    if (this.#servesTls) {
      const text =
        `communications for "${name}" cannot go on with TLS: the endpoint serves TLS already, and TLS ` +
        "within TLS is not possible; give them an endpoint without";
      throw new CcpError("invalid_option", text);
    }
    assertUpgradeTls(upgrade.tls);
    const registration = this.#registry.addUpgrade(name, upgrade, owner);
    return {
      remove: () => {
        registration.remove();
        if (this.#registry.hasUpgrades) return;
        for (const connection of this.#admission) connection.refuseStranger();
      },
    };
  }

  /**
   * Replaces the whitelist, and drains the connections of those who are no longer on it, but for those
   * that an upgrade has taken over.
   */
  setWhitelist(whitelist: Whitelist): void {
    this.#whitelist.close();
    this.#whitelist = whitelist;
    if (this.#closing) whitelist.close();
    for (const connection of this.#admission) {
      if (!whitelist.allows(connection.address.host)) connection.drain();
    }
  }

  status(): EndpointStatus {
    const { limits, counters, budget } = this.#host;
    return {
      hostname: this.hostname,
      port: this.port,
      connections: this.#admission.size,
      pending: this.#admission.pendingSize,
      upgraded: this.#upgraded.size,
      heldBytes: budget.bytes,
      receivers: this.#registry.list(),
      counters: { ...counters, refusals: { ...counters.refusals } },
      limits,
    };
  }

  /**
   * Accepts nobody any more, answers what is in flight, ends every communication, and resolves once
   * the last connection has closed. What is not answered after `drainMs` is told communication
   * error. Resolves with the number of those. Connections that were upgraded and established stay with their
   * owner, and nobody waits for them.
   */
  async close(drainMs: number = this.#host.limits.drainTimeoutMs): Promise<number> {
    this.#closing = true;
    this.#listener.stop();
    this.#whitelist.close();
    // A callback may be what calls this: its answer is to go out before the end.
    await Promise.resolve();
    for (const connection of this.#admission) {
      connection.endUpgrading();
      connection.drain();
    }
    let cut = 0;
    if (!(await this.#emptyWithin(drainMs))) {
      for (const connection of this.#admission) {
        if (connection.giveUp()) cut += 1;
      }
      if (!(await this.#emptyWithin(Math.min(drainMs, this.#host.limits.closeTimeoutMs)))) {
        for (const connection of this.#admission) {
          if (!this.#upgraded.has(connection)) connection.terminate();
        }
      }
    }
    return cut;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onClosed(connection: ServerConnection): void {
    this.#admission.remove(connection);
    this.#upgraded.delete(connection);
    if (this.#isEmpty()) this.#whenEmpty?.resolve();
    if (this.#admission.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** Whether all that is left belongs to others. */
  #isEmpty(): boolean {
    return this.#admission.size === this.#upgraded.size;
  }

  #admit({ host, port }: Address): boolean {
    const allowed = this.#whitelist.allows(host);
    const reason =
      allowed || this.#registry.hasUpgrades
        ? this.#admission.makeRoom(host, !allowed)
        : "not_whitelisted";
    if (reason === undefined) return true;
    this.#host.onRefused(reason, { host, port });
    return false;
  }

  #accept(transport: Transport, address: Address): ServerConnection {
    // Thousands of connections of one address hold its text once.
    const shared = { host: this.#admission.shared(address.host), port: address.port };
    // While nothing is upgraded, only those who are on the whitelist come this far.
    const stranger = this.#registry.hasUpgrades && !this.#whitelist.allows(address.host);
    const connection = new ServerConnection(transport, shared, this.#host, stranger);
    this.#admission.add(connection);
    this.#host.counters.connections += 1;
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
    return connection;
  }

  #tick(): void {
    const now = this.#host.now();
    for (const connection of this.#admission) connection.onTick(now);
  }

  #largest(): ServerConnection | undefined {
    let largest: ServerConnection | undefined;
    for (const connection of this.#admission) {
      if (largest === undefined || connection.heldBytes > largest.heldBytes) largest = connection;
    }
    return largest;
  }

  /** A hook that throws is a mistake of whoever set it, and must not leave a connection half-closed. */
  #guard(hook: () => void): void {
    try {
      hook();
    } catch (error) {
      this.#onInternalError?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Whether the last connection but those of others has closed by then. */
  async #emptyWithin(timeoutMs: number): Promise<boolean> {
    if (this.#isEmpty()) return true;
    this.#whenEmpty ??= Promise.withResolvers();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, timeoutMs);
    await Promise.race([this.#whenEmpty.promise, late.promise]);
    clearTimeout(timer);
    return this.#isEmpty();
  }
}

/** An empty host name means all addresses; where there is no IPv6, those of IPv4. */
function listenSomewhere(
  hostname: string,
  options: Omit<Parameters<typeof listen>[0], "hostname">,
): Listener {
  if (hostname !== "") return listen({ ...options, hostname });
  try {
    return listen({ ...options, hostname: "::" });
  } catch (error) {
    if (error instanceof CcpError && error.code === "address_in_use") throw error;
    return listen({ ...options, hostname: "0.0.0.0" });
  }
}
