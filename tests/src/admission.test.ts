import { describe, expect, test } from "bun:test";
import { Admission, type Admitted } from "../../src/admission.ts";
import { DEFAULT_ENDPOINT_LIMITS, type EndpointLimits } from "../../src/limits.ts";

class Connection implements Admitted {
  readonly address: { readonly host: string };
  readonly stranger: boolean;
  readonly #admission: Admission<Connection>;
  place = 0;
  aborted: string | undefined;
  sinceMs = 0;
  yieldsFromMs: number | undefined;

  constructor(admission: Admission<Connection>, host: string, stranger = false) {
    this.#admission = admission;
    this.address = { host };
    this.stranger = stranger;
  }

  abort(reason: string): void {
    this.aborted = reason;
    this.#admission.remove(this);
  }
}

const NOW_MS = 100_000;

function setUp(limits: Partial<EndpointLimits>) {
  const allLimits = { ...DEFAULT_ENDPOINT_LIMITS, ...limits };
  const admission = new Admission<Connection>(allLimits, () => NOW_MS);
  const arrive = (host: string, stranger = false): Connection | string => {
    const reason = admission.makeRoom(host, stranger);
    if (reason !== undefined) return reason;
    const connection = new Connection(admission, host, stranger);
    admission.add(connection);
    return connection;
  };
  const admit = (host: string, stranger = false): Connection => {
    const connection = arrive(host, stranger);
    if (typeof connection === "string") throw new Error(connection);
    return connection;
  };
  return { admission, arrive, admit };
}

describe("pending connections", () => {
  test("make room for newer ones of the same address, the oldest first", () => {
    const { admission, admit } = setUp({ pendingPerAddressMax: 2 });
    const [first, second, other] = [admit("a"), admit("a"), admit("b")];
    admit("a");
    expect([first.aborted, second.aborted, other.aborted]).toEqual([
      "pending_max",
      undefined,
      undefined,
    ]);
    expect(admission.size).toBe(3);
  });

  test("make room for newer ones of any address, the oldest first", () => {
    const { admission, admit } = setUp({ pendingMax: 2 });
    const first = admit("a");
    admit("b");
    admit("c");
    expect(first.aborted).toBe("pending_max");
    expect(admission.pendingSize).toBe(2);
  });

  test("make room when all connections together are too many", () => {
    const { admit } = setUp({ connectionsMax: 2 });
    const first = admit("a");
    admit("b");
    admit("c");
    expect(first.aborted).toBe("pending_max");
  });

  test("make room when the only one of an address is its most", () => {
    const { admission, admit } = setUp({ connectionsPerAddressMax: 1 });
    const first = admit("a");
    const second = admit("a");
    expect(first.aborted).toBe("pending_max");
    admission.remove(second);
    expect([admission.size, admission.pendingSize]).toEqual([0, 0]);
  });
});

describe("connections that have started a communication", () => {
  test("are never pushed out by others of their address", () => {
    const { admission, arrive, admit } = setUp({ connectionsPerAddressMax: 2 });
    for (const connection of [admit("a"), admit("a")]) admission.onStarted(connection);
    expect(arrive("a")).toBe("connections_per_address_max");
    expect(typeof arrive("b")).toBe("object");
  });

  test("are never pushed out by others at all", () => {
    const { admission, arrive, admit } = setUp({ connectionsMax: 2 });
    for (const connection of [admit("a"), admit("b")]) admission.onStarted(connection);
    expect(arrive("c")).toBe("connections_max");
    expect(admission.size).toBe(2);
  });

  test("leave a place when they go", () => {
    const { admission, arrive, admit } = setUp({ connectionsPerAddressMax: 1 });
    const connection = admit("a");
    admission.onStarted(connection);
    expect(arrive("a")).toBe("connections_per_address_max");
    admission.remove(connection);
    expect(typeof arrive("a")).toBe("object");
  });
});

test("removing twice, or one that was never there, counts nothing twice", () => {
  const { admission, arrive, admit } = setUp({ connectionsPerAddressMax: 2 });
  const [first, second] = [admit("a"), admit("a")];
  admission.onStarted(first);
  admission.onStarted(second);
  admission.remove(first);
  admission.remove(first);
  admission.remove(new Connection(admission, "a"));
  expect(admission.size).toBe(1);
  expect([...admission]).toEqual([second]);
  admission.onStarted(admit("a"));
  expect(arrive("a")).toBe("connections_per_address_max");
});

describe("idle communications", () => {
  test.each([
    ["an address", { connectionsPerAddressMax: 3 }],
    ["all together", { connectionsMax: 3 }],
  ])("make room where the cap of %s is reached, the longest idle first", (_cap, limits) => {
    const { admission, admit } = setUp(limits);
    const connections = [admit("a"), admit("a"), admit("a")];
    for (const connection of connections) admission.onStarted(connection);
    const [busy, idle, idlest] = connections;
    if (idle !== undefined) idle.yieldsFromMs = NOW_MS - 1;
    if (idlest !== undefined) idlest.yieldsFromMs = NOW_MS - 2;
    admit("a");
    expect([busy?.aborted, idle?.aborted, idlest?.aborted]).toEqual([
      undefined,
      undefined,
      "idle_eviction",
    ]);
  });

  test("that were not silent for long keep their place", () => {
    const { admission, admit, arrive } = setUp({
      connectionsPerAddressMax: 1,
      idleEvictionMs: 1000,
    });
    const only = admit("a");
    admission.onStarted(only);
    only.yieldsFromMs = NOW_MS + 1;
    expect(arrive("a")).toBe("connections_per_address_max");
    expect(only.aborted).toBeUndefined();
  });

  test("make room only after those that have not started", () => {
    const { admission, admit } = setUp({ connectionsPerAddressMax: 2 });
    const [started, pending] = [admit("a"), admit("a")];
    admission.onStarted(started);
    started.yieldsFromMs = 0;
    admit("a");
    expect([started.aborted, pending.aborted]).toEqual([undefined, "pending_max"]);
  });
});

test("a burst of newcomers is let in beyond the caps on pending ones, as long as there is room at all", () => {
  const { admission, admit, arrive } = setUp({
    pendingPerAddressMax: 2,
    pendingMax: 2,
    connectionsPerAddressMax: 5,
  });
  for (let count = 0; count < 5; count += 1) admit("a").sinceMs = NOW_MS - 99;
  expect(admission.pendingSize).toBe(5);
  expect(arrive("a")).toBe("connections_per_address_max");
});

describe("strangers that are pending", () => {
  test("give way before all others, however young they are", () => {
    const { admission, admit } = setUp({ pendingMax: 4 });
    const clients = [admit("a"), admit("b")];
    const strangers = [admit("x", true), admit("y", true)];
    for (const stranger of strangers) stranger.sinceMs = NOW_MS;
    admit("c");
    admit("d");
    expect(strangers.map(({ aborted }) => aborted)).toEqual(["pending_max", "pending_max"]);
    expect(clients.map(({ aborted }) => aborted)).toEqual([undefined, undefined]);
    expect(admission.pendingSize).toBe(4);
    admit("e");
    expect(clients.map(({ aborted }) => aborted)).toEqual(["pending_max", undefined]);
  });

  test("give way, too, where all connections together are too many", () => {
    const { admit } = setUp({ connectionsMax: 3 });
    const [started, client] = [admit("a"), admit("b")];
    const stranger = admit("x", true);
    stranger.sinceMs = NOW_MS;
    started.yieldsFromMs = 0;
    admit("c");
    expect([started.aborted, client.aborted, stranger.aborted]).toEqual([
      undefined,
      undefined,
      "pending_max",
    ]);
  });

  test("take no more than half the places, and make room for one another", () => {
    const { admission, admit, arrive } = setUp({ pendingMax: 5 });
    const strangers = [admit("x", true), admit("y", true)];
    for (const stranger of strangers) stranger.sinceMs = NOW_MS;
    expect(arrive("z", true)).toBe("pending_max");
    const [oldest] = strangers;
    if (oldest !== undefined) oldest.sinceMs = 0;
    expect(typeof arrive("z", true)).toBe("object");
    expect(oldest?.aborted).toBe("pending_max");
    expect(admission.pendingSize).toBe(2);
  });

  test("push out nobody else, neither who is pending nor who is idle", () => {
    const { admission, arrive, admit } = setUp({ connectionsMax: 2 });
    const [idle, pending] = [admit("a"), admit("b")];
    admission.onStarted(idle);
    idle.yieldsFromMs = 0;
    expect(arrive("x", true)).toBe("connections_max");
    expect([idle.aborted, pending.aborted]).toEqual([undefined, undefined]);
  });

  test("are counted no more once they have started, or gone", () => {
    const { admission, admit } = setUp({ pendingMax: 2 });
    const first = admit("x", true);
    admission.onStarted(first);
    const second = admit("y", true);
    expect(admission.pendingSize).toBe(1);
    admission.remove(second);
    expect([admission.size, admission.pendingSize]).toEqual([1, 0]);
    admit("z", true);
    expect(first.aborted).toBeUndefined();
  });
});
