/** Whoever stands in between, sends back what was said, or would rather have it in plain; real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import { encodeDiallerHello, encodeProofs } from "../../mesh/link/frames.ts";
import { frame } from "../helpers/frames.ts";
import { type ChannelListener, MeshChannel } from "../helpers/mesh-channel.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { eventually } from "../helpers/mesh-view.ts";

const Type = { hello: 0x01, proof: 0x02, welcome: 0x03, confirm: 0x04, refused: 0x05 } as const;

const HELLO: Uint8Array = encodeDiallerHello({
  name: "mallory",
  instance: "6d".repeat(16),
  incarnation: 9,
  nonce: new Uint8Array(32).fill(6),
  cluster: "main",
});
const PROOF: Uint8Array = encodeProofs([new Uint8Array(32).fill(7)]);

let bed: MeshBed;
let surf: MeshProcess;
beforeEach(async () => {
  bed = new MeshBed();
  surf = await bed.start({ name: "surf" });
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
});

/** Nobody has got in, and who knows the secret still does. */
async function expectUnharmed(...nodes: readonly MeshProcess[]): Promise<void> {
  for (const node of nodes) expect(await node.linked()).toEqual([]);
  const friend = await bed.start({ name: "friend", peers: nodes });
  await eventually(
    () => friend.reached(),
    (names) => names.length === nodes.length,
  );
  for (const node of nodes) {
    expect(await friend.ask("echo", "well", node.name)).toBe("well");
    expect((await node.status()).process.uncaughtErrors).toBe(0);
  }
}

describe("reflection", () => {
  test("a node that is sent its own frames as answers says no more than its proof", async () => {
    const seen: number[] = [];
    using mirror = MeshChannel.listen(async (channel) => {
      await channel.accept();
      await channel.secure({ isServer: true });
      const hello = await channel.message();
      if (hello === undefined) return;
      seen.push(hello.data[0] ?? -1);
      // As an acceptor's, which names no cluster.
      const elements = elementsOf(hello.data).slice(0, 5);
      channel.send(Buffer.concat([Buffer.of(Type.hello), encode(elements)]));
      const proof = await channel.message();
      if (proof === undefined) return;
      seen.push(proof.data[0] ?? -1);
      const details = { advertise: null, observed: "127.0.0.1" };
      const [reflected] = elementsOf(proof.data);
      channel.send(Buffer.concat([Buffer.of(Type.welcome), encode([reflected, details])]));
      const more = await channel.message();
      if (more !== undefined) seen.push(more.data[0] ?? -1);
    });
    const bhop = await bed.start({ name: "bhop", peers: [mirror] });
    await bhop.node.logged("authentication failed");
    // No confirm, and not a word about why.
    expect(seen.slice(0, 2)).toEqual([Type.hello, Type.proof]);
    expect(seen).not.toContain(Type.confirm);
    expect(seen).not.toContain(Type.refused);
    expect(mirror.failures).toEqual([]);
    await expectUnharmed(bhop, surf);
  }, 20_000);

  test("a node that is made to talk to itself refuses itself", async () => {
    // The node dials as soon as it runs, which is before it is known to be ready.
    const ready = Promise.withResolvers<number>();
    using between = relay(() => ready.promise);
    const target = await bed.start({ name: "bhop", peers: [between] });
    ready.resolve(target.port);
    await target.node.logged("authentication failed");
    expect(between.failures).toEqual([]);
    await expectUnharmed(target, surf);
  }, 20_000);
});

test("a man in the middle who ends TLS on both sides is found out by both", async () => {
  using between = relay(async () => surf.port);
  const bhop = await bed.start({ name: "bhop", peers: [between], advertise: "none" });
  await Promise.all([
    surf.node.logged("authentication failed"),
    bhop.node.logged("authentication failed"),
  ]);
  // It tries again, and fares no better.
  await eventually(
    async () => between.channels.length,
    (count) => count >= 2,
  );
  expect(between.failures).toEqual([]);
  await expectUnharmed(bhop, surf);
}, 20_000);

describe("downgrade", () => {
  test("a dialler that goes on in plain is closed and told nothing", async () => {
    using channel = await MeshChannel.connect(surf.port);
    await channel.start();
    channel.send(HELLO);
    channel.send(PROOF);
    const rest = await channel.rest();
    // An alert of TLS at most; its first byte is 21.
    expect(rest.length === 0 || (rest[0] === 21 && rest.length <= 14)).toBe(true);
    await expectUnharmed(surf);
  }, 20_000);

  test("a dialler of TLS 1.2 is closed before it could say anything", async () => {
    using channel = await MeshChannel.connect(surf.port);
    await channel.start();
    await channel.secure({ isOld: true });
    channel.send(HELLO);
    expect(await channel.message()).toBeUndefined();
    expect((await surf.status()).refusals["tls_failed"]).toBe(1);
    await expectUnharmed(surf);
  }, 20_000);

  for (const how of ["plain", "TLS 1.2"] as const) {
    test(`an acceptor that goes on with ${how} gets no hello`, async () => {
      const seen: unknown[] = [];
      using old = MeshChannel.listen(async (channel) => {
        await channel.accept();
        if (how === "plain") {
          channel.send(
            Buffer.concat([
              Buffer.of(Type.hello),
              encode([1, "old", Buffer.alloc(16), 1, Buffer.alloc(32)]),
            ]),
          );
          const said = await channel.message();
          // A ClientHello, read as a message of CCP, is none that can be taken for a hello.
          if (said?.code === 5) seen.push(said);
          return;
        }
        await channel.secure({ isServer: true, isOld: true });
        const said = await channel.message();
        if (said !== undefined) seen.push(said);
      });
      const bhop = await bed.start({ name: "bhop", peers: [old] });
      await eventually(
        async () => old.channels.length,
        (count) => count >= 2,
      );
      expect(seen).toEqual([]);
      await expectUnharmed(bhop, surf);
    }, 20_000);
  }
});

/** Ends TLS on both sides with certificates of its own, and passes on every frame. */
function relay(port: () => Promise<number>): ChannelListener {
  return MeshChannel.listen(async (victim) => {
    await victim.accept();
    await victim.secure({ isServer: true });
    const other = await MeshChannel.connect(await port());
    await other.start();
    await other.secure();
    const passOn = async (from: MeshChannel, to: MeshChannel): Promise<void> => {
      for (;;) {
        const message = await from.message();
        if (message === undefined) break;
        to.write(frame(message.code, message.data));
      }
      // Once what was said last has been read.
      setTimeout(() => to.terminate(), 100);
    };
    await Promise.all([passOn(victim, other), passOn(other, victim)]);
  });
}

/** Of a frame's array. */
function elementsOf(bytes: Buffer): unknown[] {
  const body = decode(bytes.subarray(1));
  if (!Array.isArray(body)) throw new Error("it is no array");
  return body;
}
