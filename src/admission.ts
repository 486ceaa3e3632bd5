import type { RefusalReason } from "./counters.ts";
import type { EndpointLimits } from "./limits.ts";

/** The part of a connection that admission needs. */
export interface Admitted {
  readonly address: { readonly host: string };
  abort(reason: RefusalReason): void;
}

interface HostRecord<Connection> {
  connections: number;
  /** In the order of their arrival. */
  readonly pending: Set<Connection>;
}

/**
 * Decides which connections may stay. Those that have started a communication are never pushed
 * out; among those that have not, the oldest makes room for a newer one, so that abandoned
 * connections cannot keep out a client that knows what it wants.
 */
export class Admission<Connection extends Admitted> {
  readonly #limits: EndpointLimits;
  readonly #hosts = new Map<string, HostRecord<Connection>>();
  readonly #pending = new Set<Connection>();
  readonly #connections = new Set<Connection>();

  constructor(limits: EndpointLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#connections.size;
  }

  get pendingSize(): number {
    return this.#pending.size;
  }

  [Symbol.iterator](): SetIterator<Connection> {
    return this.#connections.values();
  }

  /** Makes room for one more connection of `host`, or answers why there is none. */
  makeRoom(host: string): RefusalReason | undefined {
    const { connectionsMax, connectionsPerAddressMax, pendingMax, pendingPerAddressMax } =
      this.#limits;
    const record = this.#hosts.get(host);
    if (record !== undefined) {
      if (record.connections >= connectionsPerAddressMax && !evictOldest(record.pending)) {
        return "connections_per_address_max";
      }
      if (record.pending.size >= pendingPerAddressMax) evictOldest(record.pending);
    }
    if (this.size >= connectionsMax && !evictOldest(this.#pending)) return "connections_max";
    if (this.#pending.size >= pendingMax) evictOldest(this.#pending);
    return undefined;
  }

  add(connection: Connection): void {
    const { host } = connection.address;
    let record = this.#hosts.get(host);
    if (record === undefined) {
      record = { connections: 0, pending: new Set() };
      this.#hosts.set(host, record);
    }
    record.connections += 1;
    record.pending.add(connection);
    this.#pending.add(connection);
    this.#connections.add(connection);
  }

  /** The connection is no longer pending. */
  onStarted(connection: Connection): void {
    this.#pending.delete(connection);
    this.#hosts.get(connection.address.host)?.pending.delete(connection);
  }

  remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.onStarted(connection);
    const { host } = connection.address;
    const record = this.#hosts.get(host);
    if (record === undefined) return;
    record.connections -= 1;
    if (record.connections === 0) this.#hosts.delete(host);
  }
}

/** Aborting a connection removes it from every set. */
function evictOldest(pending: ReadonlySet<Admitted>): boolean {
  const [oldest] = pending;
  oldest?.abort("pending_max");
  return oldest !== undefined;
}
