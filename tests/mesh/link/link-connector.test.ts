import { afterEach, describe, expect, test } from "bun:test";
import { SYSTEM_CLOCK } from "../../../mesh/clock.ts";
import {
  TlsLinkConnector,
  type TlsLinkConnectorOptions,
} from "../../../mesh/link/link-connector.ts";
import { LinkSetup } from "../../../mesh/link/link-setup.ts";
import { QueueBudget } from "../../../mesh/link/queue-budget.ts";
import { DEFAULT_MESH_LIMITS } from "../../../mesh/mesh-limits.ts";
import {
  type Address,
  dialUpgrade,
  Endpoint,
  RequestClient,
  type SecureTransport,
  type UpgradeTls,
} from "../../../src/index.ts";
import { frame as message } from "../../helpers/frames.ts";
import { ScriptedPeer, ScriptedServer } from "../../helpers/scripted-peer.ts";
import { CA, CLIENT_IDENTITY, LOCALHOST, STRANGER } from "../../helpers/tls.ts";
import { nextTurn, until } from "../../helpers/turns.ts";
import { frameOf } from "./link-pair.ts";
import { RecordingPolicy } from "./recording-policy.ts";
import { ALICE, BOB, OTHER_SECRET, SECRET } from "./setup-pair.ts";

const PUBLISH = 0x28;
const START_RAW = 2;
const NEVER = new AbortController().signal;

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface NodeSide {
  readonly connector: TlsLinkConnector;
  readonly policy: RecordingPolicy;
  readonly errors: unknown[];
}

function sideOf(changes: Partial<TlsLinkConnectorOptions> = {}): NodeSide {
  const policy = new RecordingPolicy();
  const errors: unknown[] = [];
  const connector = new TlsLinkConnector({
    identity: ALICE,
    cluster: "surf",
    secrets: [SECRET],
    advertise: undefined,
    limits: { ...DEFAULT_MESH_LIMITS, meshSetupTimeoutMs: 2000 },
    policy,
    tls: undefined,
    onInternalError: (error) => errors.push(error),
    ...changes,
  });
  open.push(() => policy.ups.forEach(({ link }) => link.close("the test is over")));
  return { connector, policy, errors };
}

interface Listening extends NodeSide {
  readonly endpoint: Endpoint;
  readonly address: Address;
  readonly remove: () => void;
}

async function listening(changes: Partial<TlsLinkConnectorOptions> = {}): Promise<Listening> {
  const endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    limits: { startTimeoutMs: 1000, closeTimeoutMs: 500, drainTimeoutMs: 500 },
  });
  open.push(() => endpoint.close());
  const side = sideOf({ identity: BOB, ...changes });
  const registration = side.connector.register(endpoint);
  const address = { host: "127.0.0.1", port: endpoint.port };
  return { ...side, endpoint, address, remove: () => registration.remove() };
}

describe("over TCP and TLS", () => {
  test("two nodes have a link that carries small and large frames both ways", async () => {
    const bob = await listening();
    const alice = sideOf();
    const attempt = alice.connector.dial(bob.address, NEVER);
    expect(attempt).toEqual({ direction: "dialled", address: bob.address });
    expect(await alice.policy.told(1)).toEqual(["up"]);
    expect(await bob.policy.told(1)).toEqual(["up"]);
    expect(alice.policy.ups[0]?.attempt).toBe(attempt);
    expect(alice.policy.ups[0]?.link.peer).toMatchObject({ ...BOB, observed: "127.0.0.1" });
    expect(bob.policy.ups[0]?.link.peer).toMatchObject(ALICE);
    expect(alice.policy.ups[0]?.link.address).toEqual(bob.address);
    const sizes = [1, 100, 65_000, 65_536, 1_000_000, 8_000_000, 3];
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (const size of sizes) {
        const sent = from.policy.ups[0]?.link.sendMessage(
          frameOf(PUBLISH, new Uint8Array(size - 1).fill(size % 251)),
          "a",
        );
        expect(sent).toBe(true);
      }
      const { frames } = to.policy.handler;
      await until(() => frames.length === sizes.length);
      expect(frames.map(({ body }) => body.length + 1)).toEqual(sizes);
      const isIntact = frames.every(({ body }) => {
        return body.equals(Buffer.alloc(body.length, (body.length + 1) % 251));
      });
      expect(isIntact).toBe(true);
    }
    await until(() => alice.policy.ups[0]?.link.rttMs !== undefined);
    expect([...alice.errors, ...bob.errors]).toEqual([]);
  });

  test("what is sent as soon as the link is up arrives", async () => {
    const bob = await listening();
    const alice = sideOf();
    alice.policy.onEach = (link) => {
      link.sendMessage(frameOf(PUBLISH, Buffer.alloc(200_000, 1)), "a");
      link.sendMessage(frameOf(PUBLISH, Buffer.from("second")), "a");
    };
    alice.connector.dial(bob.address, NEVER);
    const { frames } = bob.policy.handler;
    await until(() => frames.length === 2);
    expect(frames.map(({ body }) => body.length)).toEqual([200_000, 6]);
  });

  test("an end is heard at the other side at once", async () => {
    const bob = await listening();
    const alice = sideOf();
    alice.connector.dial(bob.address, NEVER);
    await Promise.all([alice.policy.told(1), bob.policy.told(1)]);
    bob.policy.ups[0]?.link.close("the node stops", "stopping");
    await until(() => alice.policy.handler.downs.length === 1);
    expect(alice.policy.handler.downs[0]?.gone?.code).toBe("stopping");
    await until(() => bob.endpoint.status().connections === 0);
  });

  test("a wrong secret is refused; the right one, set later, is not", async () => {
    const bob = await listening();
    const alice = sideOf({ secrets: [OTHER_SECRET] });
    alice.connector.dial(bob.address, NEVER);
    expect(await alice.policy.told(1)).toEqual(["unauthenticated by peer"]);
    expect(await bob.policy.told(1)).toEqual(["wrong_proof"]);
    bob.connector.setSecrets([SECRET, OTHER_SECRET]);
    alice.connector.dial(bob.address, NEVER);
    expect(await alice.policy.told(2)).toEqual(["up", "unauthenticated by peer"]);
  });

  test("certificates of an authority are checked on both sides", async () => {
    const trusted: UpgradeTls = { ...LOCALHOST, ca: CA };
    const bob = await listening({ tls: trusted });
    const outcomes: string[] = [];
    for (const tls of [{ ...CLIENT_IDENTITY, ca: CA }, { ...STRANGER, ca: CA }, undefined]) {
      const alice = sideOf({ tls });
      alice.connector.dial(bob.address, NEVER);
      const [outcome = ""] = await alice.policy.told(1);
      outcomes.push(outcome);
    }
    expect(outcomes[0]).toBe("up");
    expect(outcomes.slice(1)).not.toContain("up");
    expect(bob.policy.outcomes.filter((outcome) => outcome === "up")).toHaveLength(1);
    const stranger = await listening({ tls: { ...STRANGER, ca: CA } });
    const alice = sideOf({ tls: trusted });
    alice.connector.dial(stranger.address, NEVER);
    expect(await alice.policy.told(1)).toEqual(["tls_failed"]);
  });
});

test("a peer that stops reading is down after its time, and its connection gone; others have theirs", async () => {
  const bob = await listening({
    limits: {
      ...DEFAULT_MESH_LIMITS,
      meshPingIntervalMs: 100,
      meshStallTimeoutMs: 400,
      meshQueueBytesMax: 4_000_000,
    },
  });
  const alice = sideOf();
  alice.connector.dial(bob.address, NEVER);
  await Promise.all([alice.policy.told(1), bob.policy.told(1)]);
  const deaf = new RecordingPolicy();
  let transport: SecureTransport | undefined;
  await dialUpgrade({
    ...bob.address,
    plugin: "mesh",
    tls: undefined,
    timeoutMs: 2000,
    open: (opened, seenAt) => {
      transport = opened;
      const setup = new LinkSetup({
        context: {
          identity: { ...ALICE, name: "carol", instance: "c3".repeat(16) },
          cluster: "surf",
          secrets: [SECRET],
          advertise: undefined,
          limits: { ...DEFAULT_MESH_LIMITS, meshPingIntervalMs: 100 },
          policy: deaf,
          budget: new QueueBudget(DEFAULT_MESH_LIMITS.meshMemoryBytesMax),
          clock: SYSTEM_CLOCK,
          onInternalError: (error) => deaf.asked.push(String(error)),
        },
        attempt: { direction: "dialled", address: bob.address },
        transport: opened,
        seenAt,
        timeoutMs: 2000,
        onOver: () => {},
      });
      setup.start();
      return setup.stream;
    },
  });
  open.push(() => deaf.ups[0]?.link.close("the test is over"));
  await Promise.all([deaf.told(1), bob.policy.told(2)]);
  transport?.pause();
  const link = bob.policy.ups[1]?.link;
  const chunk = frameOf(PUBLISH, new Uint8Array(60_000));
  while ((link?.counters.dropped ?? 1) === 0) {
    link?.sendMessage(chunk, "a");
    await nextTurn();
  }
  expect(link?.queuedBytes).toBeLessThanOrEqual(4_000_000 + 65_536);
  await until(() => bob.policy.handler.downs.length === 1);
  expect(bob.policy.handler.downs).toMatchObject([{ reason: "stalled" }]);
  await until(() => bob.endpoint.status().connections === 1);
  bob.policy.ups[0]?.link.sendMessage(chunk, "a");
  await until(() => alice.policy.handler.frames.length === 1);
});

describe("a dial fails, and says so once, where", () => {
  test("nothing listens", async () => {
    const bob = await listening();
    await bob.endpoint.close();
    const { connector, policy } = sideOf();
    const attempt = connector.dial(bob.address, NEVER);
    expect(policy.failures).toEqual([]);
    expect(await policy.told(1)).toEqual(["unreachable"]);
    expect(policy.failures[0]?.attempt).toBe(attempt);
    expect(policy.failures[0]?.failure.text).toContain("refused the connection");
  });

  test("the node has no mesh", async () => {
    const bob = await listening();
    bob.remove();
    const { connector, policy } = sideOf();
    connector.dial(bob.address, NEVER);
    expect(await policy.told(1)).toEqual(["unreachable"]);
    expect(policy.failures[0]?.failure.text).toEndWith(
      'nobody takes connections for "mesh" there now; has the config of that node a [mesh]?',
    );
  });

  test("the other side says nothing", async () => {
    await using server = await ScriptedServer.listen(() => {});
    const { connector, policy } = sideOf({
      limits: { ...DEFAULT_MESH_LIMITS, meshSetupTimeoutMs: 100 },
    });
    connector.dial({ host: "127.0.0.1", port: server.port }, NEVER);
    expect(await policy.told(1)).toEqual(["unreachable"]);
  });

  test("the other side decides for ever", async () => {
    const bob = await listening();
    bob.policy.answer = () => new Promise(() => {});
    const { connector, policy } = sideOf({
      limits: { ...DEFAULT_MESH_LIMITS, meshSetupTimeoutMs: 300 },
    });
    connector.dial(bob.address, NEVER);
    expect(await policy.told(1)).toEqual(["timeout"]);
    expect(await bob.policy.told(1)).toEqual(["closed"]);
  });

  test("it is cancelled, before and during set-up", async () => {
    const bob = await listening();
    bob.policy.answer = () => new Promise(() => {});
    const { connector, policy } = sideOf();
    connector.dial(bob.address, AbortSignal.abort());
    expect(policy.failures).toEqual([]);
    expect(await policy.told(1)).toEqual(["cancelled"]);
    const during = new AbortController();
    connector.dial(bob.address, during.signal);
    await until(() => bob.policy.asked.length === 1);
    during.abort();
    expect(await policy.told(2)).toEqual(["cancelled", "cancelled"]);
    expect(await bob.policy.told(1)).toEqual(["closed"]);
    await until(() => bob.endpoint.status().connections === 0);
  });

  test("a signal that fires once the link is up changes nothing", async () => {
    const bob = await listening();
    const alice = sideOf();
    const controller = new AbortController();
    alice.connector.dial(bob.address, controller.signal);
    await Promise.all([alice.policy.told(1), bob.policy.told(1)]);
    controller.abort();
    bob.policy.ups[0]?.link.sendMessage(frameOf(PUBLISH, Buffer.of(1)), "a");
    await until(() => alice.policy.handler.frames.length === 1);
    expect(alice.policy.outcomes).toEqual(["up"]);
  });
});

describe("an acceptor", () => {
  test("gives up what is in the making when it stops, and keeps links that are up", async () => {
    const bob = await listening();
    const alice = sideOf();
    alice.connector.dial(bob.address, NEVER);
    await Promise.all([alice.policy.told(1), bob.policy.told(1)]);
    bob.policy.answer = () => new Promise(() => {});
    const carol = sideOf({ identity: { ...ALICE, name: "carol", instance: "c3".repeat(16) } });
    carol.connector.dial(bob.address, NEVER);
    await until(() => bob.policy.asked.length === 2);
    bob.remove();
    expect(await bob.policy.told(2)).toEqual(["up", "cancelled"]);
    expect(await carol.policy.told(1)).toEqual(["closed"]);
    alice.policy.ups[0]?.link.sendMessage(frameOf(PUBLISH, Buffer.of(1)), "a");
    await until(() => bob.policy.handler.frames.length === 1);
  });

  test("bounds a stranger's time, and serves others meanwhile and afterwards", async () => {
    const bob = await listening();
    bob.endpoint.onRequest("echo", (_address, data) => data);
    const stranger = await ScriptedPeer.connect(bob.endpoint.port);
    stranger.send(message(START_RAW, "mesh"));
    await stranger.expect(message(1));
    const client = await RequestClient.connect({ ...bob.address, plugin: "echo" });
    expect((await client.request("hello")).toString()).toBe("hello");
    await stranger.ended();
    expect((await client.request("again")).toString()).toBe("again");
    await client.close();
    expect(bob.policy.outcomes).toEqual([]);
    const alice = sideOf();
    alice.connector.dial(bob.address, NEVER);
    expect(await alice.policy.told(1)).toEqual(["up"]);
  });
});
