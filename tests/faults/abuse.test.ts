import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { REFUSAL_REASONS, type RefusalReason } from "../../src/counters.ts";
import { Endpoint } from "../../src/endpoint.ts";
import type { EndpointLimits } from "../../src/limits.ts";
import { ClientCode } from "../../src/protocol.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { frame, header } from "../helpers/frames.ts";
import { ScriptedPeer } from "../helpers/scripted-peer.ts";
import { LOCALHOST } from "../helpers/tls.ts";
import { until } from "../helpers/turns.ts";

const ABUSER = "127.0.0.9";
const START = frame(ClientCode.startRequest, "echo");
const ACCEPTED = frame(0x01);

const LIMITS: Partial<EndpointLimits> = {
  startTimeoutMs: 400,
  messageTimeoutMs: 400,
  sendStallTimeoutMs: 400,
  closeTimeoutMs: 400,
  idleTimeoutMs: 600_000,
};

const unhandled: unknown[] = [];
const note = (error: unknown): void => {
  unhandled.push(error);
};
beforeAll(() => {
  process.on("unhandledRejection", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** An endpoint under attack, and a well-behaved client of it that must be served throughout. */
class Siege implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly #client: RequestClient;
  readonly #internalErrors: readonly Error[];
  readonly #served: Promise<number>;
  readonly #peers: ScriptedPeer[] = [];
  #over = false;
  heldBytesMax = 0;

  static async begin(
    limits: Partial<EndpointLimits> = {},
    more: Partial<Parameters<typeof Endpoint.listen>[0]> = {},
  ): Promise<Siege> {
    const internalErrors: Error[] = [];
    const endpoint = await Endpoint.listen({
      hostname: "127.0.0.1",
      port: 0,
      whitelist: ["127.0.0.0/8"],
      limits: { ...LIMITS, ...limits },
      onInternalError: (error) => internalErrors.push(error),
      ...more,
    });
    endpoint.onRequest("echo", (_address, data) => data);
    const options = { host: "127.0.0.1", port: endpoint.port, plugin: "echo" };
    return new Siege(endpoint, await RequestClient.connect(options), internalErrors);
  }

  private constructor(endpoint: Endpoint, client: RequestClient, internalErrors: readonly Error[]) {
    this.endpoint = endpoint;
    this.#client = client;
    this.#internalErrors = internalErrors;
    this.#served = this.#serve();
  }

  async attack(...first: readonly Buffer[]): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.connect(this.endpoint.port, ABUSER);
    this.#peers.push(peer);
    peer.send(...first);
    return peer;
  }

  /** Many connections, a few dozen at a time. */
  async attackers(count: number, ...first: readonly Buffer[]): Promise<void> {
    for (let left = count; left > 0; left -= 50) {
      await Promise.all(Array.from({ length: Math.min(50, left) }, () => this.attack(...first)));
    }
  }

  get refusals(): Partial<Record<RefusalReason, number>> {
    const { refusals } = this.endpoint.status().counters;
    const counted = REFUSAL_REASONS.filter((reason) => refusals[reason] > 0);
    return Object.fromEntries(counted.map((reason) => [reason, refusals[reason]]));
  }

  /** The abuse is over: all was served, and nothing is left of anyone. */
  async end(): Promise<void> {
    this.#over = true;
    expect(await this.#served).toBeGreaterThan(10);
    await this.#client.close();
    for (const peer of this.#peers) peer.reset();
    await until(() => this.endpoint.status().connections === 0);
    expect(this.endpoint.status()).toMatchObject({ connections: 0, pending: 0, heldBytes: 0 });
    expect(this.#internalErrors).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.reset();
    await this.endpoint.close(0);
  }

  /** Asks again and again until the abuse is over; answers how often, every time rightly. */
  async #serve(): Promise<number> {
    let count = 0;
    for (; !this.#over || count < 20; count += 1) {
      const text = `request ${count}`;
      const reply = await this.#client.request(text, { timeoutMs: 5000 });
      if (reply.toString() !== text) {
        throw new Error(`"${text}" was answered "${reply.toString()}"`);
      }
      this.heldBytesMax = Math.max(this.heldBytesMax, this.endpoint.status().heldBytes);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    return count;
  }
}

describe("a connection that", () => {
  test.each([
    ["says nothing", []],
    ["says half a header", [Buffer.from([0])]],
    ["says half a start", [START.subarray(0, 6)]],
    ["says what is ignored, and no start", [frame(0x42, "x"), header(0)]],
  ])("%s is closed in time", async (_name, first) => {
    await using siege = await Siege.begin();
    const since = performance.now();
    const peer = await siege.attack(...first);
    await peer.ended();
    expect(peer.receivedBytes).toBe(0);
    expect(performance.now() - since).toBeLessThan(400 + 250 + 400);
    expect(siege.refusals).toEqual({ start_timeout: 1 });
    await siege.end();
  });

  test("never finishes its TLS handshake is closed in time", async () => {
    const endpoint = await Endpoint.listen({
      hostname: "127.0.0.1",
      port: 0,
      tls: LOCALHOST,
      limits: LIMITS,
    });
    const peers = await Promise.all(
      [Buffer.alloc(0), Buffer.from("16030102000100", "hex")].map(async (first) => {
        const peer = await ScriptedPeer.connect(endpoint.port);
        peer.send(first);
        return peer;
      }),
    );
    await Promise.all(peers.map((peer) => peer.ended()));
    expect(endpoint.status()).toMatchObject({ connections: 0, heldBytes: 0 });
    expect(endpoint.status().counters.refusals.start_timeout).toBe(2);
    await endpoint.close(0);
  });

  test("claims 16 MiB before its start is refused by the claim alone", async () => {
    await using siege = await Siege.begin();
    const peer = await siege.attack(header(0xff_ff_ff));
    await peer.expect(frame(0x04));
    expect(await peer.ended()).toBe("eof");
    expect(siege.refusals).toEqual({ message_too_large: 1 });
    await siege.end();
  });

  test("claims 16 MiB and then says nothing costs 64 KiB for a bounded time", async () => {
    await using siege = await Siege.begin();
    const peer = await siege.attack(START, header(0xff_ff_ff));
    await peer.expect(ACCEPTED);
    await peer.ended();
    expect(siege.refusals).toEqual({ message_timeout: 1 });
    // Beside it there is what the good client has in flight: a block to send.
    expect(siege.heldBytesMax).toBeGreaterThanOrEqual(65_536);
    expect(siege.heldBytesMax).toBeLessThanOrEqual(65_536 + 8192);
    await siege.end();
  });

  test("sends its message a byte at a time is closed in time", async () => {
    await using siege = await Siege.begin();
    const peer = await siege.attack(START, header(1000));
    for (; peer.over === undefined; await Bun.sleep(20)) peer.send(Buffer.from([5]));
    expect(siege.refusals).toEqual({ message_timeout: 1 });
    await siege.end();
  });

  test("resets in the middle of a message leaves nothing", async () => {
    await using siege = await Siege.begin();
    for (let count = 0; count < 50; count += 1) {
      const peer = await siege.attack(START, frame(5, "x"), header(100_000), Buffer.alloc(30_000));
      await peer.expectBytes(ACCEPTED.length);
      peer.reset();
    }
    await until(() => siege.endpoint.status().connections === 1);
    expect(siege.refusals).toEqual({});
    await siege.end();
  });
});

describe("3,000 abandoned connections from one address", () => {
  test("that say nothing push out each other, and nobody else", async () => {
    await using siege = await Siege.begin({ startTimeoutMs: 60_000, pendingPerAddressMax: 64 });
    await siege.attackers(3000);
    const accounted = (): number => {
      const { pending_max: pushed = 0, connections_per_address_max: refused = 0 } = siege.refusals;
      return pushed + refused + siege.endpoint.status().pending;
    };
    await until(() => accounted() === 3000);
    // A newcomer is not pushed out before it had a moment, so a burst may fill its address's share.
    expect(siege.endpoint.status().pending).toBeLessThanOrEqual(256);
    expect(siege.refusals.pending_max).toBeGreaterThan(0);
    const newcomer = await siege.attack(START);
    await until(() => newcomer.receivedBytes > 0 || newcomer.over !== undefined);
    await siege.end();
  }, 30_000);

  test("that start and go silent fill their address's share, and nobody else's", async () => {
    await using siege = await Siege.begin({ connectionsPerAddressMax: 256 });
    await siege.attackers(3000, START);
    await until(() => {
      const { connections, refusals } = siege.endpoint.status().counters;
      const known = connections + refusals.connections_per_address_max;
      return known === 3001;
    });
    // Some were pushed out before what they said was read; the rest of their address is full.
    const { connections_per_address_max: refused = 0, pending_max: pushed = 0 } = siege.refusals;
    await until(() => siege.endpoint.status().pending === 0);
    expect(siege.endpoint.status().connections).toBe(257);
    expect(refused + pushed).toBe(3000 - 256);
    const options = { host: "127.0.0.1", port: siege.endpoint.port, plugin: "echo" };
    const newcomer = await RequestClient.connect(options);
    expect((await newcomer.request("still room")).toString()).toBe("still room");
    await newcomer.close();
    await siege.end();
  }, 30_000);
});

test("abandoned communications make room for a newcomer of their own address", async () => {
  await using siege = await Siege.begin({ connectionsPerAddressMax: 50, idleEvictionMs: 300 });
  await siege.attackers(50, START);
  await until(() => siege.endpoint.status().counters.communications === 51);
  const isServed = async (): Promise<boolean> => {
    const newcomer = await siege.attack(START);
    await until(() => newcomer.over !== undefined || newcomer.receivedBytes > 0);
    return newcomer.received.equals(ACCEPTED);
  };
  expect(await isServed()).toBe(false);
  expect(siege.refusals).toEqual({ connections_per_address_max: 1 });
  let served = false;
  while (!served) served = await isServed();
  expect(siege.refusals.idle_eviction).toBe(1);
  await siege.end();
});

test("who fills the memory of all is closed, and nobody else", async () => {
  const memoryBytesMax = 8 * 1024 * 1024;
  await using siege = await Siege.begin({ memoryBytesMax, messageTimeoutMs: 60_000 });
  const part = Buffer.alloc(3 * 1024 * 1024);
  for (let hog = 0; hog < 5; hog += 1) await siege.attack(START, header(16_000_000), part);
  await until(() => (siege.refusals.memory_max ?? 0) > 0);
  expect(siege.heldBytesMax).toBeLessThanOrEqual(memoryBytesMax);
  expect(Object.keys(siege.refusals)).toEqual(["memory_max"]);
  await siege.end();
});

describe("a client that never reads", () => {
  test("is closed when a plugin sends to it, and costs a bounded amount", async () => {
    await using siege = await Siege.begin();
    siege.endpoint.onRaw(
      "flood",
      class extends RawReceiver {
        override async onDataReceived(): Promise<void> {
          const block = Buffer.alloc(100_000);
          for (;;) if (!this.sendData(block)) await this.drained();
        }
      },
    );
    const peer = await siege.attack();
    peer.pause();
    peer.send(frame(ClientCode.startRaw, "flood"), frame(5, "go"));
    await until(() => siege.endpoint.status().connections === 1 && siege.heldBytesMax > 0);
    await until(() => siege.refusals.send_stalled === 1);
    expect(siege.heldBytesMax).toBeLessThan(2 << 20);
    await siege.end();
  });

  test("is cut off when a plugin does not care how much waits", async () => {
    await using siege = await Siege.begin({ sendQueueBytesMax: 4 << 20 });
    const ended = Promise.withResolvers<string>();
    siege.endpoint.onRaw(
      "careless",
      class extends RawReceiver {
        override onDataReceived(): void {
          const timer = setInterval(() => this.sendData(Buffer.alloc(500_000)), 1);
          void ended.promise.then(() => clearInterval(timer));
        }
        override onClosed(reason: string): void {
          ended.resolve(reason);
        }
      },
    );
    const peer = await siege.attack();
    peer.pause();
    peer.send(frame(ClientCode.startRaw, "careless"), frame(5, "go"));
    expect(await ended.promise).toBe("aborted");
    expect(siege.refusals).toEqual({ send_queue_full: 1 });
    expect(siege.heldBytesMax).toBeLessThan(8 << 20);
    await siege.end();
  });

  test("and pipelines requests with large replies is read no further, then closed", async () => {
    await using siege = await Siege.begin();
    let asked = 0;
    siege.endpoint.onRequest("large", () => {
      asked += 1;
      return Buffer.alloc(200_000);
    });
    const peer = await siege.attack(frame(ClientCode.startRequest, "large"));
    peer.pause();
    const requests = Buffer.concat(Array.from({ length: 2000 }, () => frame(5, "more")));
    peer.send(requests);
    await until(() => siege.refusals.send_stalled === 1);
    expect(asked).toBeLessThan(200);
    expect(siege.heldBytesMax).toBeLessThan(4 << 20);
    expect(siege.refusals).toEqual({ send_stalled: 1 });
    await siege.end();
  });
});

describe("a client that asks faster than it is answered", () => {
  test("has no more in flight than the limit, and still gets every answer", async () => {
    await using siege = await Siege.begin({ requestsInFlightMax: 10 });
    let concurrent = 0;
    let concurrentMax = 0;
    siege.endpoint.onRequest("slow", async (_address, data) => {
      concurrent += 1;
      concurrentMax = Math.max(concurrentMax, concurrent);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      concurrent -= 1;
      return data;
    });
    const peer = await siege.attack(frame(ClientCode.startRequest, "slow"));
    const requests = Array.from({ length: 5000 }, (_, index) => frame(5, `${index}`));
    peer.send(...requests, frame(ClientCode.end));
    await peer.expect(Buffer.concat([ACCEPTED, ...requests]));
    expect(await peer.ended()).toBe("eof");
    expect(concurrentMax).toBe(10);
    expect(siege.heldBytesMax).toBeLessThan(2 << 20);
    expect(siege.refusals).toEqual({});
    await siege.end();
  });

  test("and never gets one is told of a communication error in time", async () => {
    await using siege = await Siege.begin({ callbackTimeoutMs: 300 });
    siege.endpoint.onRequest("never", () => new Promise(() => {}));
    const peer = await siege.attack(frame(ClientCode.startRequest, "never"), frame(5, "x"));
    await peer.expect(Buffer.concat([ACCEPTED, frame(0x03)]));
    peer.send(frame(ClientCode.end));
    expect(await peer.ended()).toBe("eof");
    expect(siege.refusals).toEqual({ callback_timeout: 1 });
    await siege.end();
  });
});

test("who does not close once it was told to is closed in time", async () => {
  await using siege = await Siege.begin();
  const peer = await siege.attack(frame(ClientCode.startRequest, "nobody"));
  await peer.expect(frame(0x02));
  await peer.ended();
  expect(siege.refusals).toEqual({ close_timeout: 1 });
  await siege.end();
});
