import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Endpoint } from "../../src/endpoint.ts";
import type { EndpointOptions } from "../../src/endpoint-options.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import { RawClient } from "../../src/raw-client.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { Whitelist } from "../../src/whitelist.ts";
import { cut, frame, pattern } from "../helpers/frames.ts";
import { ScriptedPeer } from "../helpers/scripted-peer.ts";
import {
  CA,
  CLIENT_IDENTITY,
  ELSEWHERE,
  IMPOSTOR,
  LOCALHOST,
  SELF_SIGNED,
} from "../helpers/tls.ts";
import { rejection, until } from "../helpers/turns.ts";
import { dialEnd, UpgradedEnd, upgradedPair, upgrading } from "../helpers/upgrades.ts";

const START = frame(ClientCode.startRaw, "mesh");
const ACCEPTED = frame(ServerCode.accepted);

async function listening(more: Partial<EndpointOptions> = {}) {
  const errors: unknown[] = [];
  const endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    onReceiverError: (error) => errors.push(error),
    onInternalError: (error) => errors.push(error),
    ...more,
  });
  endpoint.onRequest("echo", (_address, data) => data);
  return { endpoint, errors };
}

/** Somebody else still gets what they came for. */
async function stillServes(endpoint: Endpoint): Promise<void> {
  const options = { host: "127.0.0.1", port: endpoint.port, plugin: "echo" };
  await using client = await RequestClient.connect(options);
  expect((await client.request("x")).toString()).toBe("x");
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** A client whose TLS is not of the project's making, accepted and about to begin. */
async function acceptedSocket(port: number): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  socket.write(START);
  const [chunk]: Buffer[] = await once(socket, "data");
  expect(chunk?.equals(ACCEPTED)).toBe(true);
  return socket;
}

async function secured(socket: Socket, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<TLSSocket> {
  const secure = connectTls({ socket, rejectUnauthorized: false, maxVersion });
  secure.on("error", () => {});
  await once(secure, "secureConnect");
  return secure;
}

describe("an upgraded connection", () => {
  test("carries data both ways, and binds both ends to one another", async () => {
    const { endpoint, errors } = await listening();
    const { accepted } = upgrading(endpoint);
    const { client, end, connection } = await upgradedPair(endpoint.port, accepted);
    client.send("from the dialler");
    end.send("from the acceptor");
    await end.expect("from the dialler");
    await client.expect("from the acceptor");
    expect(end.exporter).toBe(client.exporter);
    expect(end.exporter).not.toBe((await dialEnd(endpoint.port)).exporter);
    expect(connection.address.host).toBe("127.0.0.1");
    expect(errors).toEqual([]);
    client.transport.terminate();
    await endpoint.close();
  });

  test("carries more than fits at once, whole and in order", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const { client, end } = await upgradedPair(endpoint.port, accepted);
    const bytes = pattern(3_000_000);
    let sent = 0;
    while (sent < bytes.length) {
      sent += Math.max(0, client.transport.write(bytes, sent, bytes.length - sent));
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    await until(() => end.received.length === bytes.length);
    expect(end.received.equals(bytes)).toBe(true);
    client.transport.terminate();
    await endpoint.close();
  });

  test("tells each end when the other shuts down, and is closed when both have", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    for (const first of ["client", "end"] as const) {
      const pair = await upgradedPair(endpoint.port, accepted);
      const [one, other] = first === "client" ? [pair.client, pair.end] : [pair.end, pair.client];
      one.transport.shutdown();
      await until(() => other.log.includes("end"));
      other.transport.shutdown();
      await until(() => one.closed && other.closed);
    }
    expect(endpoint.status()).toMatchObject({ connections: 0, upgraded: 0 });
    await endpoint.close();
  });

  test("is known to its owner from the moment TLS is up, also when its bytes come with that", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const secure = await secured(await acceptedSocket(endpoint.port), "TLSv1.3");
    secure.write("at once");
    await until(() => accepted.length === 1);
    await accepted[0]?.end.expect("at once");
    secure.destroy();
    await until(() => accepted[0]?.end.log.includes("end") === true);
    accepted[0]?.end.transport.terminate();
    await endpoint.close();
  });

  test("is counted and shown as what it is", async () => {
    const { endpoint } = await listening();
    const { accepted, registration } = upgrading(endpoint, { establish: false });
    expect(endpoint.status().receivers).toContainEqual({
      name: "mesh",
      mode: "raw",
      owner: "the mesh",
    });
    const { client, end, connection } = await upgradedPair(endpoint.port, accepted);
    expect(endpoint.status()).toMatchObject({ connections: 1, pending: 1, upgraded: 0 });
    connection.established();
    connection.established();
    expect(endpoint.status()).toMatchObject({ connections: 1, pending: 0, upgraded: 1 });
    const { counters } = endpoint.status();
    client.send("x".repeat(1000));
    end.send("y".repeat(1000));
    await until(() => end.received.length === 1000 && client.received.length === 1000);
    expect(endpoint.status().counters).toEqual(counters);
    expect(counters).toMatchObject({ communications: 1, messagesIn: 1, messagesOut: 1 });
    expect(counters).toMatchObject({ bytesIn: START.length, bytesOut: ACCEPTED.length });
    registration.remove();
    expect(endpoint.status().receivers.map(({ name }) => name)).toEqual(["echo"]);
    client.transport.terminate();
    await until(() => endpoint.status().upgraded === 0);
    expect(end.log).toEqual(["close"]);
    await endpoint.close();
  });
});

describe("the start of an upgrade", () => {
  test.each([
    ["single bytes", [1]],
    ["two and three bytes", [2, 3]],
    ["one piece", [START.length]],
  ])("may come in %s", async (_how, sizes) => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const socket = createConnection({ host: "127.0.0.1", port: endpoint.port, noDelay: true });
    let said = 0;
    for (const piece of cut(START, sizes)) {
      const before = endpoint.status().counters.bytesIn;
      socket.write(piece);
      said += piece.length;
      if (said < START.length) {
        await until(() => endpoint.status().counters.bytesIn === before + piece.length);
      }
    }
    await once(socket, "data");
    const secure = await secured(socket, "TLSv1.3");
    secure.write("x");
    await until(() => accepted.length === 1);
    await accepted[0]?.end.expect("x");
    secure.destroy();
    await endpoint.close();
  });

  test.each([
    ["one byte", Buffer.from([0x16])],
    ["a ClientHello", Buffer.from("1603010200010001fc0303", "hex")],
    ["data", frame(ClientCode.data, "x")],
    ["an empty message", Buffer.alloc(3)],
  ])("with %s behind it is refused", async (_what, more) => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(START, more);
    await peer.ended();
    expect(peer.receivedBytes).toBe(0);
    expect(endpoint.status().counters.refusals).toMatchObject({ protocol_error: 1, tls_failed: 0 });
    expect(accepted).toEqual([]);
    await stillServes(endpoint);
    await endpoint.close();
  });

  test("may follow messages that mean nothing", async () => {
    const { endpoint } = await listening();
    upgrading(endpoint);
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(frame(ClientCode.data, "x"), Buffer.alloc(3), START);
    await peer.expect(ACCEPTED);
    peer.reset();
    await endpoint.close();
  });
});

describe("TLS that fails", () => {
  test.each([
    ["garbage", Buffer.from("hello, is this a chat?")],
    ["CCP", frame(ClientCode.data, "x")],
    ["an alert", Buffer.from("15030100020228", "hex")],
  ])("because of %s is counted once, and opens nothing", async (_what, bytes) => {
    const { endpoint, errors } = await listening();
    const { accepted } = upgrading(endpoint);
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(START);
    await peer.expectBytes(ACCEPTED.length);
    peer.send(bytes);
    await peer.ended();
    await until(() => endpoint.status().connections === 0);
    const { refusals } = endpoint.status().counters;
    expect(Object.values(refusals).reduce((sum, count) => sum + count)).toBe(1);
    expect(refusals.tls_failed).toBe(1);
    expect(accepted).toEqual([]);
    expect(errors).toEqual([]);
    await stillServes(endpoint);
    await endpoint.close();
  });

  test.each(["end", "reset"] as const)("by an %s half-way is counted once", async (how) => {
    const { endpoint, errors } = await listening();
    const { accepted } = upgrading(endpoint);
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(START);
    await peer.expect(ACCEPTED);
    peer.send(Buffer.from("1603010200010001fc0303", "hex"));
    peer[how]();
    await until(() => endpoint.status().connections === 0);
    expect(endpoint.status().counters.refusals.tls_failed).toBe(1);
    expect(accepted).toEqual([]);
    expect(errors).toEqual([]);
    await endpoint.close();
  });

  test("to be version 1.3 is refused", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const socket = await acceptedSocket(endpoint.port);
    expect(await rejection(secured(socket, "TLSv1.2"))).toBeInstanceOf(Error);
    await until(() => endpoint.status().connections === 0);
    expect(endpoint.status().counters.refusals.tls_failed).toBe(1);
    expect(accepted).toEqual([]);
    await stillServes(endpoint);
    await endpoint.close();
  });

  test("later on is the end of that connection, and no error of its owner", async () => {
    const { endpoint, errors } = await listening();
    const { accepted } = upgrading(endpoint);
    const socket = await acceptedSocket(endpoint.port);
    const secure = await secured(socket, "TLSv1.3");
    await until(() => accepted.length === 1);
    socket.write("garbage that is no record of TLS at all");
    await until(() => accepted[0]?.end.closed === true);
    expect(accepted[0]?.end.received.length).toBe(0);
    expect(errors).toEqual([]);
    secure.destroy();
    await stillServes(endpoint);
    await endpoint.close();
  });
});

describe("with an authority of one's own", () => {
  const tls = { ...ELSEWHERE, ca: CA };

  test("both ends take what it made, whatever names are in it", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint, { tls });
    for (const [index, identity] of [CLIENT_IDENTITY, LOCALHOST, ELSEWHERE].entries()) {
      const client = await dialEnd(endpoint.port, { ...identity, ca: CA });
      client.send("x");
      await until(() => accepted[index]?.end.received.length === 1);
      accepted[index]?.end.send("y");
      await client.expect("y");
      client.transport.terminate();
    }
    expect(endpoint.status().counters.refusals.tls_failed).toBe(0);
    await endpoint.close();
  });

  test("the acceptor refuses what another made, and who has none", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint, { tls });
    // In TLS 1.3 these only learn of it afterwards.
    for (const [index, other] of [SELF_SIGNED, IMPOSTOR, undefined].entries()) {
      const client = await dialEnd(endpoint.port, other);
      await until(() => client.closed);
      expect(endpoint.status().counters.refusals.tls_failed).toBe(index + 1);
    }
    expect(accepted).toEqual([]);
    await endpoint.close();
  });

  test.each([
    ["its own", SELF_SIGNED],
    ["another's", IMPOSTOR],
  ])("the dialler refuses a certificate of %s making", async (_whose, other) => {
    const { endpoint } = await listening();
    upgrading(endpoint, { tls: other });
    const error = await rejection(dialEnd(endpoint.port, { ...CLIENT_IDENTITY, ca: CA }));
    expect(error).toMatchObject({ code: "tls_failed" });
    await until(() => endpoint.status().connections === 0);
    await endpoint.close();
  });
});

describe("before it is established, an upgrade", () => {
  test("has the time of a start to shake hands", async () => {
    const { endpoint } = await listening({ limits: { startTimeoutMs: 50 } });
    const { accepted } = upgrading(endpoint);
    const silent = await ScriptedPeer.connect(endpoint.port);
    const halfway = await ScriptedPeer.connect(endpoint.port);
    silent.send(START);
    halfway.send(START);
    await halfway.expect(ACCEPTED);
    halfway.send(Buffer.from("1603010200010001fc0303", "hex"));
    await Promise.all([silent.ended(), halfway.ended()]);
    await until(() => endpoint.status().connections === 0);
    expect(endpoint.status().counters.refusals).toMatchObject({ start_timeout: 2, tls_failed: 0 });
    expect(accepted).toEqual([]);
    await stillServes(endpoint);
    await endpoint.close();
  });

  test("may say a last word when its time is up, and is then closed", async () => {
    const { endpoint } = await listening({ limits: { startTimeoutMs: 50, closeTimeoutMs: 50 } });
    const { accepted } = upgrading(endpoint, { establish: false });
    const { client, end, connection } = await upgradedPair(endpoint.port, accepted);
    end.onStartTimeout = () => {
      end.log.push("timeout");
      end.send("refused");
      end.transport.shutdown();
    };
    await client.expect("refused");
    await until(() => client.log.includes("end"));
    connection.established();
    expect(endpoint.status().upgraded).toBe(0);
    // It does not close by itself.
    await until(() => end.closed && client.closed);
    expect(end.log).toEqual(["timeout", "close"]);
    expect(endpoint.status().counters.refusals).toMatchObject({
      start_timeout: 1,
      close_timeout: 1,
    });
    await endpoint.close();
  });

  test("makes room for others, which its owner is told", async () => {
    const { endpoint } = await listening({ limits: { connectionsMax: 2 } });
    const { accepted } = upgrading(endpoint, { establish: false });
    const first = await upgradedPair(endpoint.port, accepted);
    const second = await upgradedPair(endpoint.port, accepted);
    second.connection.established();
    // What has only just come is given a moment, and the newcomer is refused until that is over.
    let served = false;
    while (!served) served = await stillServes(endpoint).then(yes, no);
    await until(() => first.client.closed);
    expect(first.end.log).toEqual(["close"]);
    expect(endpoint.status().counters.refusals).toMatchObject({ pending_max: 1, tls_failed: 0 });
    expect(second.end.log).toEqual([]);
    second.client.send("still there");
    await second.end.expect("still there");
    second.client.transport.terminate();
    await endpoint.close();
  });

  test("goes with its registration, one that is established does not", async () => {
    const { endpoint } = await listening();
    const { accepted, registration } = upgrading(endpoint, { establish: false });
    const pending = await upgradedPair(endpoint.port, accepted);
    const established = await upgradedPair(endpoint.port, accepted);
    established.connection.established();
    const unfinished = await ScriptedPeer.connect(endpoint.port);
    unfinished.send(START);
    await unfinished.expect(ACCEPTED);
    registration.remove();
    await until(() => pending.client.closed);
    await unfinished.ended();
    expect(pending.end.log).toEqual(["close"]);
    established.client.send("still there");
    await established.end.expect("still there");
    expect(await rejection(dialEnd(endpoint.port))).toMatchObject({ code: "nobody_home" });
    established.client.transport.terminate();
    await endpoint.close();
  });
});

describe("an owner that fails", () => {
  test("to open a connection loses it, and it is reported", async () => {
    const { endpoint, errors } = await listening();
    endpoint.onUpgrade("mesh", {
      tls: SELF_SIGNED,
      open: () => {
        throw new Error("a mistake");
      },
    });
    const client = await dialEnd(endpoint.port);
    await until(() => client.closed && endpoint.status().connections === 0);
    expect(errors).toEqual([new Error("a mistake")]);
    expect(endpoint.status().counters).toMatchObject({ receiverErrors: 1, communications: 0 });
    await stillServes(endpoint);
    await endpoint.close();
  });

  test("to handle data loses that connection, and it is reported", async () => {
    const { endpoint, errors } = await listening();
    const { accepted } = upgrading(endpoint);
    const { client, end } = await upgradedPair(endpoint.port, accepted);
    end.onData = () => {
      throw new Error("a mistake");
    };
    client.send("x");
    await until(() => client.closed && end.closed);
    expect(errors).toEqual([new Error("a mistake")]);
    await stillServes(endpoint);
    await endpoint.close();
  });

  test("may also terminate from within open, and is told of the end once", async () => {
    const { endpoint, errors } = await listening();
    const ends: UpgradedEnd[] = [];
    endpoint.onUpgrade("mesh", {
      tls: SELF_SIGNED,
      open: (connection) => {
        const end = new UpgradedEnd(connection.transport);
        ends.push(end);
        connection.transport.terminate();
        connection.established();
        return end;
      },
    });
    const client = await dialEnd(endpoint.port);
    await until(() => client.closed && endpoint.status().connections === 0);
    expect(ends.map(({ log }) => log)).toEqual([["close"]]);
    expect(endpoint.status()).toMatchObject({ upgraded: 0, counters: { communications: 0 } });
    expect(errors).toEqual([]);
    await endpoint.close();
  });
});

describe("registering", () => {
  test("a name that is taken is refused, whichever kind was first", async () => {
    const { endpoint } = await listening();
    const upgrade = { tls: SELF_SIGNED, open: () => expect.unreachable() };
    const raw = endpoint.onRaw("mesh", RawReceiver, "a plugin");
    expect(() => endpoint.onUpgrade("mesh", upgrade, "the mesh")).toThrow(
      'raw communications for "mesh" are already received by a plugin',
    );
    raw.remove();
    const { registration } = upgrading(endpoint);
    expect(() => endpoint.onRaw("mesh", RawReceiver)).toThrow("already received by the mesh");
    expect(() => endpoint.onUpgrade("mesh", upgrade)).toThrow("already received by the mesh");
    endpoint.onRequest("mesh", () => "another mode, another name");
    registration.remove();
    registration.remove();
    endpoint.onRaw("mesh", RawReceiver);
    await using client = await RawClient.connect({
      host: "127.0.0.1",
      port: endpoint.port,
      plugin: "mesh",
    });
    await client.close();
    await endpoint.close();
  });

  test("on an endpoint that serves TLS is refused", async () => {
    const { endpoint } = await listening({ tls: LOCALHOST });
    let error: unknown;
    try {
      upgrading(endpoint);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: "invalid_option",
      message:
        'communications for "mesh" cannot go on with TLS: the endpoint serves TLS already, and TLS ' +
        "within TLS is not possible; give them an endpoint without",
    });
    await endpoint.close();
  });

  test("with a key that does not fit is refused", async () => {
    const { endpoint } = await listening();
    for (const tls of [
      { cert: LOCALHOST.cert, key: SELF_SIGNED.key },
      { cert: "", key: "" },
      { ...LOCALHOST, ca: "nonsense" },
    ]) {
      expect(() => upgrading(endpoint, { tls })).toThrow("the TLS certificate or its key");
    }
    await endpoint.close();
  });
});

describe("an endpoint that closes", () => {
  test("leaves what is established to its owner, and does not wait for it", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint);
    const { client, end } = await upgradedPair(endpoint.port, accepted);
    expect(await endpoint.close()).toBe(0);
    expect(endpoint.status()).toMatchObject({ connections: 1, upgraded: 1 });
    client.send("still there");
    await end.expect("still there");
    end.transport.terminate();
    await until(() => client.closed);
    expect(endpoint.status()).toMatchObject({ connections: 0, upgraded: 0 });
  });

  test("closes what is not established at once", async () => {
    const { endpoint } = await listening();
    const { accepted } = upgrading(endpoint, { establish: false });
    const { client, end } = await upgradedPair(endpoint.port, accepted);
    const unfinished = await ScriptedPeer.connect(endpoint.port);
    unfinished.send(START);
    await unfinished.expect(ACCEPTED);
    expect(await endpoint.close()).toBe(0);
    expect(endpoint.status().connections).toBe(0);
    await until(() => client.closed);
    await unfinished.ended();
    expect(end.log).toEqual(["close"]);
    expect(endpoint.status().counters.refusals.tls_failed).toBe(0);
  });

  test("still looks at the deadlines of others meanwhile", async () => {
    const { endpoint } = await listening({ limits: { closeTimeoutMs: 50 } });
    const { accepted } = upgrading(endpoint);
    const { client } = await upgradedPair(endpoint.port, accepted);
    const raw = await ScriptedPeer.connect(endpoint.port);
    raw.send(frame(ClientCode.startRequest, "echo"));
    await raw.expect(ACCEPTED);
    const closed = endpoint.close();
    expect(await raw.ended()).not.toBe("eof");
    await closed;
    expect(endpoint.status().counters.refusals.close_timeout).toBe(1);
    client.transport.terminate();
    await until(() => endpoint.status().connections === 0);
  });
});

test("a new whitelist leaves upgraded connections alone", async () => {
  const { endpoint } = await listening();
  const { accepted } = upgrading(endpoint, { establish: false });
  const pending = await upgradedPair(endpoint.port, accepted);
  const established = await upgradedPair(endpoint.port, accepted);
  established.connection.established();
  endpoint.setWhitelist(await Whitelist.create(["192.0.2.1"]));
  for (const { client, end } of [pending, established]) {
    client.send("still there");
    await end.expect("still there");
    client.transport.terminate();
  }
  await endpoint.close();
});
