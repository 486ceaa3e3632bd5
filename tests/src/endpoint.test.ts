import { describe, expect, test } from "bun:test";
import { Endpoint } from "../../src/endpoint.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import { RawClient } from "../../src/raw-client.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { Whitelist } from "../../src/whitelist.ts";
import { frame } from "../helpers/frames.ts";
import { ScriptedPeer } from "../helpers/scripted-peer.ts";
import { LOCALHOST } from "../helpers/tls.ts";
import { rejection, until } from "../helpers/turns.ts";

const HERE = { hostname: "127.0.0.1", port: 0 } as const;

async function echoing(more: Partial<Parameters<typeof Endpoint.listen>[0]> = {}) {
  const endpoint = await Endpoint.listen({ ...HERE, ...more });
  endpoint.onRequest("echo", (_address, data) => data, "the echo plugin");
  return endpoint;
}

function connecting(port: number): Promise<RequestClient> {
  return RequestClient.connect({ host: "127.0.0.1", port, plugin: "echo" });
}

describe("listening", () => {
  test("on port 0 takes a free one and says which", async () => {
    await using endpoint = await echoing();
    expect(endpoint.port).toBeGreaterThan(0);
    expect(endpoint.hostname).toBe("127.0.0.1");
  });

  test("on every address takes IPv4 and IPv6 clients, told apart as what they are", async () => {
    await using endpoint = await Endpoint.listen({ hostname: "", port: 0 });
    endpoint.onRequest("who", (address) => address.host);
    for (const [host, seen] of [
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
    ] as const) {
      const options = { host, port: endpoint.port, plugin: "who" };
      await using client = await RequestClient.connect(options);
      expect((await client.request("")).toString()).toBe(seen);
    }
  });

  test("on a port that is taken names it, and leaves a whitelist that was given usable", async () => {
    await using first = await echoing();
    const whitelist = await Whitelist.create(["127.0.0.1"]);
    const error = await rejection(Endpoint.listen({ ...HERE, port: first.port, whitelist }));
    expect(error).toMatchObject({
      code: "address_in_use",
      message: `port ${first.port} is in use on 127.0.0.1: another program listens there already`,
    });
    await using second = await echoing({ whitelist });
    await using client = await connecting(second.port);
    expect((await client.request("x")).toString()).toBe("x");
  });

  test("elsewhere than on this machine is refused", async () => {
    expect(await rejection(Endpoint.listen({ hostname: "192.0.2.1", port: 0 }))).toMatchObject({
      code: "listen_failed",
      message: "cannot listen on 192.0.2.1:0: 192.0.2.1 is not an address of this machine",
    });
  });

  test("with a wrong option or certificate is refused", async () => {
    expect(await rejection(Endpoint.listen({ ...HERE, limits: { pendingMax: 0 } }))).toMatchObject({
      code: "invalid_option",
    });
    for (const tls of [
      { cert: "", key: "" },
      { cert: LOCALHOST.cert, key: "no key" },
      { ...LOCALHOST, clientCa: "no authority" },
    ]) {
      const error = await rejection(Endpoint.listen({ ...HERE, tls }));
      expect(error).toMatchObject({ code: "tls_failed" });
      expect(String(error)).toContain("the TLS certificate or its key cannot be used: ");
    }
  });
});

describe("the whitelist", () => {
  test("closes a stranger without a byte, counts it, and tells", async () => {
    const refused: string[] = [];
    await using endpoint = await echoing({
      whitelist: ["127.0.0.2"],
      onRefused: (reason, { host }) => refused.push(`${reason} ${host}`),
    });
    const stranger = await ScriptedPeer.connect(endpoint.port);
    expect(await stranger.ended()).toBe("eof");
    expect(stranger.receivedBytes).toBe(0);
    const friend = await ScriptedPeer.connect(endpoint.port, "127.0.0.2");
    friend.send(frame(ClientCode.startRequest, "echo"));
    await friend.expect(frame(ServerCode.accepted));
    expect(refused).toEqual(["not_whitelisted 127.0.0.1"]);
    expect(endpoint.status().counters.refusals.not_whitelisted).toBe(1);
    expect(endpoint.status().counters.connections).toBe(1);
    friend.reset();
  });

  test("may be replaced, which ends the communications of those who are no longer on it", async () => {
    await using endpoint = await echoing();
    await using client = await connecting(endpoint.port);
    endpoint.setWhitelist(await Whitelist.create(["192.0.2.1"]));
    expect(await client.over).toBeUndefined();
    const target = `127.0.0.1:${endpoint.port}`;
    expect(await rejection(connecting(endpoint.port))).toMatchObject({
      code: "connection_aborted",
      message:
        `${target} closed the connection without accepting; is this machine on its whitelist, ` +
        "and does that port speak CCP, with TLS if it wants that?",
    });
  });
});

describe("the status", () => {
  test("tells who receives and what is open", async () => {
    await using endpoint = await echoing({ limits: { pendingMax: 7 } });
    const registration = endpoint.onRaw("raw", RawReceiver);
    expect(endpoint.status()).toMatchObject({
      hostname: "127.0.0.1",
      port: endpoint.port,
      connections: 0,
      pending: 0,
      heldBytes: 0,
      receivers: [
        { name: "echo", mode: "request", owner: "the echo plugin" },
        { name: "raw", mode: "raw", owner: "this program" },
      ],
    });
    expect(endpoint.status().limits.pendingMax).toBe(7);
    const silent = await ScriptedPeer.connect(endpoint.port);
    await using client = await connecting(endpoint.port);
    expect(endpoint.status()).toMatchObject({ connections: 2, pending: 1 });
    registration.remove();
    expect(endpoint.status().receivers.length).toBe(1);
    silent.end();
    await until(() => endpoint.status().pending === 0);
    await client.close();
    await until(() => endpoint.status().connections === 0);
  });
});

test("a burst of clients of one address, beyond the cap on pending ones, is served whole", async () => {
  await using endpoint = await echoing({ limits: { pendingPerAddressMax: 8 } });
  const clients = await Promise.all(Array.from({ length: 200 }, () => connecting(endpoint.port)));
  const replies = await Promise.all(clients.map((client) => client.request("x")));
  expect(replies.length).toBe(200);
  await Promise.all(clients.map((client) => client.close()));
});

test("a client of TLS that never shakes hands is refused for one reason only", async () => {
  await using endpoint = await echoing({ tls: LOCALHOST, limits: { startTimeoutMs: 50 } });
  const silent = await ScriptedPeer.connect(endpoint.port);
  await silent.ended();
  const counted = Object.entries(endpoint.status().counters.refusals).filter(
    ([, count]) => count > 0,
  );
  expect(counted).toEqual([["start_timeout", 1]]);
});

describe("caps", () => {
  test("on connections from one address leave other addresses alone", async () => {
    await using endpoint = await echoing({
      whitelist: ["127.0.0.0/8"],
      limits: { connectionsPerAddressMax: 2 },
    });
    await using _first = await connecting(endpoint.port);
    await using _second = await connecting(endpoint.port);
    expect(await rejection(connecting(endpoint.port))).toMatchObject({
      code: "connection_aborted",
    });
    const other = await ScriptedPeer.connect(endpoint.port, "127.0.0.3");
    other.send(frame(ClientCode.startRequest, "echo"));
    await other.expect(frame(ServerCode.accepted));
    expect(endpoint.status().counters.refusals.connections_per_address_max).toBe(1);
    other.reset();
  });

  test("on all connections refuse the next", async () => {
    await using endpoint = await echoing({ limits: { connectionsMax: 1 } });
    await using _first = await connecting(endpoint.port);
    expect(await rejection(connecting(endpoint.port))).toMatchObject({
      code: "connection_aborted",
    });
    expect(endpoint.status().counters.refusals.connections_max).toBe(1);
  });
});

describe("closing", () => {
  test("answers what is in flight, ends every communication, and accepts nobody any more", async () => {
    const endpoint = await Endpoint.listen(HERE);
    const answer = Promise.withResolvers<string>();
    endpoint.onRequest("slow", () => answer.promise);
    endpoint.onRaw("raw", RawReceiver);
    const { port } = endpoint;
    const slow = await RequestClient.connect({ host: "127.0.0.1", port, plugin: "slow" });
    const raw = await RawClient.connect({ host: "127.0.0.1", port, plugin: "raw" });
    const silent = await ScriptedPeer.connect(port);
    const reply = slow.request("x");
    await until(() => endpoint.status().counters.messagesIn === 3);
    const closed = endpoint.close();
    expect(await raw.over).toBeUndefined();
    silent.end();
    answer.resolve("in time");
    expect((await reply).toString()).toBe("in time");
    expect(await slow.over).toBeUndefined();
    await closed;
    expect(endpoint.status()).toMatchObject({ connections: 0, pending: 0, heldBytes: 0 });
    expect(await rejection(connecting(port))).toMatchObject({ code: "connection_refused" });
  });

  test("from within a callback still sends its answer", async () => {
    const endpoint = await Endpoint.listen(HERE);
    let closed: Promise<number> | undefined;
    endpoint.onRequest("shutdown", () => {
      closed = endpoint.close();
      return "goodbye";
    });
    const options = { host: "127.0.0.1", port: endpoint.port, plugin: "shutdown" };
    const client = await RequestClient.connect(options);
    expect((await client.request("now")).toString()).toBe("goodbye");
    expect(await client.over).toBeUndefined();
    await closed;
  });

  test("twice at once resolves twice, and the shorter grace counts", async () => {
    const endpoint = await echoing();
    const silent = await ScriptedPeer.connect(endpoint.port);
    await until(() => endpoint.status().connections === 1);
    const since = performance.now();
    await Promise.all([endpoint.close(), endpoint.close(30)]);
    expect(performance.now() - since).toBeLessThan(2000);
    await endpoint.close();
    await silent.ended();
  });

  test("tells what is not answered in time that the plugin failed, and counts it", async () => {
    const endpoint = await Endpoint.listen(HERE);
    endpoint.onRequest("never", () => new Promise(() => {}));
    const options = { host: "127.0.0.1", port: endpoint.port, plugin: "never" };
    const client = await RequestClient.connect(options);
    const reply = rejection(client.request("x"));
    await until(() => endpoint.status().counters.messagesIn === 2);
    const silent = await ScriptedPeer.connect(endpoint.port);
    await until(() => endpoint.status().connections === 2);
    // Who had not even started is closed, and not counted.
    expect(await endpoint.close(20)).toBe(1);
    await silent.ended();
    expect(await reply).toMatchObject({ code: "communication_error" });
    expect(endpoint.status().heldBytes).toBe(0);
  });

  test("leaves nothing that keeps a program alive", async () => {
    const script = `
      import { Endpoint, RequestClient } from ${JSON.stringify(`${import.meta.dir}/../../src/index.ts`)};
      const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
      endpoint.onRequest("echo", (_address, data) => data);
      const client = await RequestClient.connect(
        { host: "127.0.0.1", port: endpoint.port, plugin: "echo" });
      await client.request("x");
      await client.close();
      await endpoint.close();
      const since = performance.now();
      process.on("exit", () => console.log(performance.now() - since < 2000 ? "at once" : "late"));
    `;
    const program = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    expect((await program.stdout.text()).trim()).toBe("at once");
    expect(await program.exited).toBe(0);
  });
});
