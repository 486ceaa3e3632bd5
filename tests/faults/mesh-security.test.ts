/** Whoever does not know the secret, or knows an old one; the nodes are real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import { encodeDiallerHello, encodeProofs } from "../../mesh/link/frames.ts";
import { FaultProxy } from "../helpers/fault-proxy.ts";
import { frame } from "../helpers/frames.ts";
import { MeshChannel } from "../helpers/mesh-channel.ts";
import { setUp } from "../helpers/mesh-insider.ts";
import { MeshBed, type MeshProcess, newSecret } from "../helpers/mesh-process.ts";
import { allLinked, eventually } from "../helpers/mesh-view.ts";

const Type = { hello: 0x01, proof: 0x02, welcome: 0x03, refused: 0x05 } as const;

/** [MESH-1.6], word for word. */
const REFUSED: string = Buffer.concat([
  Buffer.of(Type.refused),
  encode(["unauthenticated", "authentication failed"]),
]).toString("hex");

const CLAIM = {
  name: "mallory",
  instance: "6d".repeat(16),
  incarnation: 9,
  nonce: new Uint8Array(32).fill(6),
  cluster: "main",
} as const;
const HELLO: Uint8Array = encodeDiallerHello(CLAIM);
const PROOF: Uint8Array = encodeProofs([new Uint8Array(32).fill(7)]);

let bed: MeshBed;
let surf: MeshProcess;
beforeEach(async () => {
  bed = new MeshBed();
  surf = await bed.start({ name: "surf" });
});
afterEach(async () => {
  // Whatever was tried, the node has survived it, and lets in who knows the secret.
  const friend = await bed.start({ name: "friend", peers: [surf] });
  await eventually(
    () => friend.reached(),
    (names) => names.includes("surf"),
  );
  expect(await friend.ask("echo", "well", "surf")).toBe("well");
  expect((await surf.status()).process.uncaughtErrors).toBe(0);
  await bed[Symbol.asyncDispose]();
});

async function secured(port: number): Promise<MeshChannel> {
  const channel = await MeshChannel.connect(port);
  await channel.start();
  expect(await channel.secure()).toBe(true);
  return channel;
}

/** What an attacker is told that sends these frames, each after an answer to the one before. */
async function told(...frames: readonly Uint8Array[]): Promise<string[]> {
  using channel = await secured(surf.port);
  const answers: string[] = [];
  for (const bytes of frames) {
    channel.send(bytes);
    const message = await channel.message();
    if (message === undefined) break;
    // A hello differs in its nonce alone.
    const isHello = message.data[0] === Type.hello;
    answers.push(isHello ? `hello of ${message.data.length}` : message.data.toString("hex"));
  }
  await channel.ended();
  const more = channel.messages().map(({ code, data }) => `${code}:${data.toString("hex")}`);
  return [...answers, ...more];
}

function hello(...elements: readonly unknown[]): Buffer {
  return Buffer.concat([Buffer.of(Type.hello), encode(elements)]);
}

async function expectNobody(): Promise<void> {
  expect(await surf.linked()).toEqual([]);
  expect(await surf.reached()).toEqual([]);
}

describe("whoever does not know the secret", () => {
  test("is told the same bytes, whatever else is wrong", async () => {
    const { name, incarnation, nonce } = CLAIM;
    const instance = Buffer.from(CLAIM.instance, "hex");
    const first = await told(HELLO, PROOF);
    expect(first).toEqual([expect.stringMatching(/^hello of \d+$/), REFUSED]);
    const attempts: readonly (readonly Uint8Array[])[] = [
      [HELLO, encodeProofs([1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill)))],
      [HELLO, Buffer.of(Type.proof)],
      [HELLO, Buffer.of(Type.proof, 0xc1)],
      [HELLO, Buffer.concat([Buffer.of(Type.proof), encode([Buffer.alloc(31)])])],
      [HELLO, Buffer.concat([Buffer.of(Type.proof), encode(Array(5).fill(Buffer.alloc(32)))])],
      [HELLO, HELLO],
      [HELLO, Buffer.of(Type.refused)],
      // Another version, name, cluster, or no hello at all.
      [hello(2, name, instance, incarnation, nonce, "main"), PROOF],
      [hello(1, "no such name", instance, incarnation, nonce, "main"), PROOF],
      [hello(1, "surf", instance, incarnation, nonce, "main"), PROOF],
      [hello(1, name, instance, incarnation, nonce, "other"), PROOF],
      [hello(1, name, Buffer.alloc(3), -1, Buffer.alloc(1), "main"), PROOF],
      [hello(), PROOF],
      [Buffer.of(Type.hello), PROOF],
      [Buffer.of(Type.hello, 0xc1, 0xc1), PROOF],
    ];
    for (const attempt of attempts) expect(await told(...attempt)).toEqual(first);
    // Any other first frame is refused at once.
    const refusedAtOnce = [PROOF, Buffer.of(Type.welcome), Buffer.of(0x28, 1, 2), Buffer.of(0xff)];
    for (const bytes of refusedAtOnce) expect(await told(bytes)).toEqual([REFUSED]);
    await expectNobody();
    // All of this is one address, which gets a line a minute for each reason at most.
    const lines = surf.node.log.filter(({ level }) => level === "warn" || level === "error");
    const messages = lines.map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
    expect(surf.node.stdout).not.toContain(bed.secret);
  }, 30_000);

  test("a node with another secret stays out, says so once, and neither side goes down", async () => {
    const bhop = await bed.start({ name: "bhop", peers: [surf], secrets: [newSecret()] });
    const [here, there] = await Promise.all([
      surf.node.logged("authentication failed"),
      bhop.node.logged("authentication failed"),
    ]);
    expect([here.level, there.level]).toEqual(["warn", "warn"]);
    for (let tries = 0; tries < 20; tries += 1) {
      using channel = await secured(surf.port);
      const outcome = await setUp(channel, { secret: newSecret() });
      expect(outcome).toMatchObject({ kind: "refused", by: "peer", code: "unauthenticated" });
    }
    await expectNobody();
    expect(await bhop.linked()).toEqual([]);
    for (const { node } of [surf, bhop]) {
      const lines = node.log.filter(({ message }) => message.includes("authentication failed"));
      expect(lines.length).toBe(1);
    }
  }, 20_000);

  test("cannot say gone, or anything else, before it has proved itself", async () => {
    using channel = await secured(surf.port);
    channel.write(Buffer.concat([frame(5, HELLO), frame(5, PROOF), frame(5, Buffer.of(0x06))]));
    await channel.ended();
    await expectNobody();
  }, 20_000);
});

test("another cluster with the same secret is refused by its name", async () => {
  const bhop = await bed.start({ name: "bhop", peers: [surf], cluster: "elsewhere" });
  const line = await bhop.node.logged("a node of another cluster");
  expect(line).toMatchObject({ level: "warn", address: `127.0.0.1:${surf.port}` });
  expect(line["why"]).toBe('"bhop" is of cluster "elsewhere", and "surf" of "main"');
  await expectNobody();
}, 20_000);

test("a set-up that was recorded is worth nothing when it is replayed", async () => {
  await using recorder = await FaultProxy.to(surf.port);
  const bhop = await bed.start({ name: "bhop", peers: [recorder], advertise: "none" });
  await allLinked([surf, bhop]);
  expect(await bhop.ask("echo", "a secret", "surf")).toBe("a secret");
  await bhop.node.stop();
  await eventually(
    () => surf.linked(),
    (names) => names.length === 0,
  );
  const recorded = recorder.recordings[0]?.toServer ?? Buffer.alloc(0);
  const startBytes = frame(2, "mesh").length;
  expect(recorded.subarray(0, startBytes)).toEqual(frame(2, "mesh"));
  expect(recorded.length).toBeGreaterThan(500);
  const replays: readonly (readonly Buffer[])[] = [
    [recorded],
    [recorded.subarray(0, startBytes), recorded.subarray(startBytes)],
  ];
  for (const parts of replays) {
    using channel = await MeshChannel.connect(surf.port);
    for (const part of parts) {
      channel.write(part);
      // The second waits for accepted, as the one that was recorded did.
      if (parts.length > 1) {
        await eventually(
          async () => channel.receivedBytes,
          (bytes) => bytes >= 4,
        );
      }
    }
    await channel.ended();
  }
  await expectNobody();
}, 20_000);

test("a secret is changed without a cut, and the old one is worth nothing afterwards", async () => {
  const [old, fresh] = [newSecret(), newSecret()];
  const both = [fresh, old];
  const hub = await bed.start({ name: "hub", secrets: both });
  const before = await bed.start({ name: "before", secrets: [old], peers: [hub] });
  // The other way round: who has both dials who has one.
  const after = await bed.start({ name: "after", secrets: [fresh] });
  await bed.rewrite({ name: "hub", secrets: both, peers: [after] });
  hub.node.kill("SIGHUP");
  await hub.node.logged("config applied");
  await eventually(
    () => Promise.all([before.reached(), after.reached()]),
    (reached) => reached.every((names) => names.includes("hub")),
  );
  expect(await before.ask("echo", "via", "hub")).toBe("via");
  expect(await after.ask("echo", "via", "hub")).toBe("via");

  await bed.rewrite({ name: "hub", secrets: [fresh], peers: [after] });
  hub.node.kill("SIGHUP");
  await hub.node.logged("config applied");
  // A link that is up was made with the right secret of its time.
  expect(await hub.linked()).toContain("before");
  await before.node.stop();
  const again = await bed.start({ name: "before", secrets: [old], peers: [hub] });
  await again.node.logged("authentication failed");
  expect(await hub.linked()).toEqual(["after"]);
  expect(await again.linked()).toEqual([]);
}, 30_000);
