import type { RefusalReason } from "./counters.ts";
import type { EndpointLimits } from "./limits.ts";

/** The part of a connection that admission needs. */
export interface Admitted {
  /** Its place among the connections of its address; admission's own affair. */
  place: number;
  readonly address: { readonly host: string };
  /** Not on the whitelist: as long as it is pending, it gives way before others. */
  readonly stranger: boolean;
  /** When it was accepted. */
  readonly sinceMs: number;
  /** From when on it may be closed to make room; `undefined` while it may not. */
  readonly yieldsFromMs: number | undefined;
  abort(reason: RefusalReason): void;
}

interface HostRecord<Connection> {
  readonly host: string;
  /** In no order; each knows its place. A set would cost several times as much for each. */
  readonly connections: Connection[];
  /** In the order of their arrival. */
  readonly pending: Set<Connection>;
}

interface Candidates<Connection> {
  readonly connections: Iterable<Connection>;
  readonly pending: ReadonlySet<Connection>;
}

/**
 * What a client that knows what it wants needs to say so: its start comes with its connection, but
 * many connections are accepted before the first of them is read.
 */
const PENDING_GRACE_MS = 100;

/** What strangers may take of `pendingMax`, so that a flood of them leaves room for the others. */
const STRANGERS_SHARE = 0.5;

/**
 * Decides which connections may stay. Where a cap is reached, the one that has waited longest to start
 * a communication makes room, or else the one that has been silent longest, so that abandoned
 * connections cannot keep out a client that knows what it wants. A stranger makes room for everybody
 * else, and is made room for by strangers only.
 */
export class Admission<Connection extends Admitted> {
  readonly #limits: EndpointLimits;
  readonly #now: () => number;
  readonly #hosts = new Map<string, HostRecord<Connection>>();
  readonly #pending = new Set<Connection>();
  /** Those of them that are strangers. */
  readonly #strangers = new Set<Connection>();
  #size = 0;

  constructor(limits: EndpointLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  get pendingSize(): number {
    return this.#pending.size + this.#strangers.size;
  }

  /** The connection that was just handed out may be removed before the next one is. */
  *[Symbol.iterator](): Generator<Connection> {
    for (const { connections } of this.#hosts.values()) {
      // From the last, whose place is taken by none when it is removed.
      for (let at = connections.length - 1; at >= 0; at -= 1) {
        const connection = connections[at];
        if (connection !== undefined) yield connection;
      }
    }
  }

  /** `host` itself, or the equal string that the other connections of the address have. */
  shared(host: string): string {
    return this.#hosts.get(host)?.host ?? host;
  }

  /** Makes room for one more connection of `host`, or answers why there is none. */
  makeRoom(host: string, stranger = false): RefusalReason | undefined {
    return this.#makeRoomOf(host) ?? (stranger ? this.#makeRoomForStranger() : this.#makeRoom());
  }

  #makeRoomOf(host: string): RefusalReason | undefined {
    const { connectionsPerAddressMax, pendingPerAddressMax } = this.#limits;
    const record = this.#hosts.get(host);
    if (record !== undefined) {
      if (record.connections.length >= connectionsPerAddressMax && !this.#evictFrom(record)) {
        return "connections_per_address_max";
      }
      if (record.pending.size >= pendingPerAddressMax) this.#evictOldest(record.pending);
    }
    return undefined;
  }

  #makeRoom(): RefusalReason | undefined {
    const { connectionsMax, pendingMax } = this.#limits;
    const all = { connections: this, pending: this.#pending };
    if (this.size >= connectionsMax && !this.#evictStranger() && !this.#evictFrom(all)) {
      return "connections_max";
    }
    if (this.pendingSize >= pendingMax && !this.#evictStranger()) this.#evictOldest(this.#pending);
    return undefined;
  }

  #makeRoomForStranger(): RefusalReason | undefined {
    const { connectionsMax, pendingMax } = this.#limits;
    if (this.size >= connectionsMax && !this.#evictOldest(this.#strangers)) {
      return "connections_max";
    }
    const strangersMax = Math.max(1, Math.floor(pendingMax * STRANGERS_SHARE));
    // No burst goes beyond this cap: strangers come in any number.
    if (this.#strangers.size >= strangersMax && !this.#evictOldest(this.#strangers)) {
      return "pending_max";
    }
    return undefined;
  }

  add(connection: Connection): void {
    const { host } = connection.address;
    let record = this.#hosts.get(host);
    if (record === undefined) {
      record = { host, connections: [], pending: new Set() };
      this.#hosts.set(host, record);
    }
    connection.place = record.connections.push(connection) - 1;
    record.pending.add(connection);
    this.#pendingAlike(connection).add(connection);
    this.#size += 1;
  }

  /** The connection is no longer pending. */
  onStarted(connection: Connection): void {
    this.#pendingAlike(connection).delete(connection);
    this.#hosts.get(connection.address.host)?.pending.delete(connection);
  }

  remove(connection: Connection): void {
    const { host } = connection.address;
    const record = this.#hosts.get(host);
    if (record?.connections[connection.place] !== connection) return;
    takeFrom(record.connections, connection);
    this.#size -= 1;
    this.#pendingAlike(connection).delete(connection);
    record.pending.delete(connection);
    if (record.connections.length === 0) this.#hosts.delete(host);
  }

  #evictFrom({ connections, pending }: Candidates<Connection>): boolean {
    return this.#evictOldest(pending) || this.#evictIdlest(connections);
  }

  #pendingAlike({ stranger }: Connection): Set<Connection> {
    return stranger ? this.#strangers : this.#pending;
  }

  /** For somebody who is none; no grace, or a flood that is always fresh would push out others. */
  #evictStranger(): boolean {
    const [oldest] = this.#strangers;
    oldest?.abort("pending_max");
    return oldest !== undefined;
  }

  /** Aborting a connection removes it from wherever it is. */
  #evictOldest(pending: ReadonlySet<Connection>): boolean {
    const [oldest] = pending;
    if (oldest === undefined || this.#now() - oldest.sinceMs < PENDING_GRACE_MS) return false;
    oldest.abort("pending_max");
    return true;
  }

  #evictIdlest(connections: Iterable<Connection>): boolean {
    let idlest: Connection | undefined;
    let fromMs = this.#now();
    for (const connection of connections) {
      const { yieldsFromMs } = connection;
      if (yieldsFromMs === undefined || yieldsFromMs > fromMs) continue;
      idlest = connection;
      fromMs = yieldsFromMs;
    }
    idlest?.abort("idle_eviction");
    return idlest !== undefined;
  }
}

/** The last one takes its place. */
function takeFrom<Connection extends Admitted>(
  connections: Connection[],
  connection: Connection,
): void {
  const last = connections.pop();
  if (last === undefined || last === connection) return;
  last.place = connection.place;
  connections[last.place] = last;
}
