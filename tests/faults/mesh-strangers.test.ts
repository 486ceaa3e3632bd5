/** Connections that begin to set up a link and do not go on; the nodes are real processes. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encodeDiallerHello } from "../../mesh/link/frames.ts";
import { FaultProxy } from "../helpers/fault-proxy.ts";
import { frame } from "../helpers/frames.ts";
import { MeshChannel } from "../helpers/mesh-channel.ts";
import { Insider, setUp } from "../helpers/mesh-insider.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually } from "../helpers/mesh-view.ts";

const SETUP_MS = 3000;
/** For the last word, a flush and a busy machine. */
const SLACK_MS = 1800;

const HELLO = encodeDiallerHello({
  name: "slow",
  instance: "5".repeat(32),
  incarnation: 1,
  nonce: new Uint8Array(32),
  cluster: "main",
});

let bed: MeshBed;
let surf: MeshProcess;
let line: FaultProxy;
let clientHello: Buffer;
const channels: MeshChannel[] = [];
beforeEach(async () => {
  bed = new MeshBed();
  surf = await bed.start({ name: "surf" });
  // An address that is on no whitelist.
  line = await FaultProxy.to(surf.port, { localAddress: "127.0.0.9" });
  clientHello = await recordedClientHello();
});
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.terminate();
  await line[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

/** What a dialler says first once it has been accepted. */
async function recordedClientHello(): Promise<Buffer> {
  await using recorder = await FaultProxy.to(surf.port);
  (await Insider.join({ port: recorder.port, secret: bed.secret }))[Symbol.dispose]();
  await eventually(
    () => surf.linked(),
    (names) => names.length === 0,
  );
  const said = recorder.recordings[0]?.toServer ?? Buffer.alloc(0);
  const record = said.subarray(frame(2, "mesh").length);
  return record.subarray(0, 5 + record.readUInt16BE(3));
}

type Phase = (channel: MeshChannel) => Promise<void>;

async function started(channel: MeshChannel): Promise<void> {
  await channel.start();
}

async function secured(channel: MeshChannel): Promise<void> {
  await channel.start();
  if (!(await channel.secure())) throw new Error("there was no TLS");
}

/** Where a connection can stop, by what was the last thing it did. */
const PHASES: Readonly<Record<string, Phase>> = {
  connected: async () => {},
  "half a start": async (channel) => channel.write(frame(2, "mesh").subarray(0, 5)),
  accepted: started,
  "half a ClientHello": async (channel) => {
    await started(channel);
    channel.write(clientHello.subarray(0, clientHello.length / 2));
  },
  "a ClientHello, byte by byte": async (channel) => {
    await started(channel);
    void trickled(channel, clientHello);
  },
  secured,
  "half a hello": async (channel) => {
    await secured(channel);
    channel.write(frame(5, HELLO).subarray(0, 40));
  },
  "a hello": async (channel) => {
    await secured(channel);
    channel.send(HELLO);
    expect((await channel.message())?.data[0]).toBe(0x01);
  },
  "half a proof": async (channel) => {
    await secured(channel);
    channel.send(HELLO);
    expect((await channel.message())?.data[0]).toBe(0x01);
    channel.write(frame(5, Buffer.alloc(40, 2)).subarray(0, 20));
  },
  "a proof, and no confirm": async (channel) => {
    await secured(channel);
    const isAsked = Promise.withResolvers<void>();
    const decide = (): Promise<undefined> => {
      isAsked.resolve();
      return new Promise(() => {});
    };
    void setUp(channel, { secret: bed.secret, name: "slow", decide });
    // It may be pushed out before.
    await Promise.race([isAsked.promise, channel.ended()]);
  },
};

async function trickled(channel: MeshChannel, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (channel.isOver) return;
    channel.write(Buffer.of(byte));
    await Bun.sleep(30);
  }
}

async function attacker(phase: Phase, port = line.port): Promise<MeshChannel> {
  const channel = await MeshChannel.connect(port);
  channels.push(channel);
  await phase(channel);
  return channel;
}

describe("slowloris", () => {
  test("in every phase of set-up is closed in time, and a good peer joins meanwhile", async () => {
    const names = Object.keys(PHASES);
    const tookMs = Promise.all(
      Object.values(PHASES).map(async (phase) => {
        const beganMs = performance.now();
        const channel = await attacker(phase);
        await channel.ended();
        return performance.now() - beganMs;
      }),
    );
    const bhop = await bed.start({ name: "bhop", peers: [surf] });
    expect(await allLinked([surf, bhop], 1500)).toBeLessThan(1500);
    for (const [index, ms] of (await tookMs).entries()) {
      const what = names[index] ?? "";
      expect({ what, isInTime: ms > SETUP_MS - 500 && ms < SETUP_MS + SLACK_MS, ms }).toMatchObject(
        {
          isInTime: true,
        },
      );
    }
    await eventually(
      async () => (await surf.status()).endpoint,
      ({ pending, connections }) => pending === 0 && connections === 1,
    );
    expect(await surf.linked()).toEqual(["bhop"]);
  }, 20_000);

  test("of who is dialled is given up in time, in every phase", async () => {
    const heldMs: number[] = [];
    const listeners = [
      async () => {},
      (channel: MeshChannel) => channel.accept(),
      async (channel: MeshChannel) => {
        await channel.accept();
        await channel.secure({ isServer: true });
      },
      async (channel: MeshChannel) => {
        await channel.accept();
        await channel.secure({ isServer: true });
        await channel.message();
        channel.write(frame(5, HELLO).subarray(0, 30));
      },
    ].map((play) =>
      MeshChannel.listen(async (channel) => {
        const beganMs = performance.now();
        await play(channel);
        await channel.ended();
        heldMs.push(performance.now() - beganMs);
      }),
    );
    const bhop = await bed.start({ name: "bhop", peers: [...listeners, surf] });
    await allLinked([surf, bhop]);
    await eventually(
      async () => heldMs.length,
      (count) => count >= listeners.length,
      6000,
    );
    for (const ms of heldMs) expect(ms).toBeLessThan(SETUP_MS + SLACK_MS);
    expect(await bhop.linked()).toEqual(["surf"]);
    for (const listener of listeners) {
      expect(listener.failures).toEqual([]);
      listener[Symbol.dispose]();
    }
  }, 20_000);
});

describe("200 connections that stop half-way", () => {
  test.each([
    ["of an address of their own", () => line.port],
    ["of the good peer's address", () => surf.port],
  ])(
    "%s: a good peer joins meanwhile, and none is left afterwards",
    async (_whose, port) => {
      const phases = Object.entries(PHASES).filter(
        ([name]) => name !== "a ClientHello, byte by byte",
      );
      const opened = Promise.allSettled(
        Array.from({ length: 200 }, async (_, index) => {
          // Not all in one turn, as no attacker could.
          await Bun.sleep(index * 2);
          const [, phase] = phases[index % phases.length] ?? [];
          // Whoever was pushed out before it came as far has not come as far.
          await attacker(phase ?? started, port());
        }),
      );
      const bhop = await bed.start({ name: "bhop", peers: [surf] });
      expect(await allLinked([surf, bhop], 4000)).toBeLessThan(4000);
      await opened;
      expect(await bhop.ask("echo", "here", "surf")).toBe("here");
      await eventually(
        async () => (await surf.status()).endpoint,
        ({ pending, connections }) => pending === 0 && connections === 1,
        SETUP_MS + 5000,
      );
      expect(await surf.linked()).toEqual(["bhop"]);
      expect(bhop.node.stdout).not.toContain("lost");
      const of127009 = surf.node.log.filter(
        ({ level, address }) => level === "warn" && String(address).startsWith("127.0.0.9"),
      );
      // One a minute for each reason.
      expect(of127009.length).toBeLessThanOrEqual(6);
    },
    30_000,
  );
});

test("a stranger that speaks anything but mesh is closed without a byte", async () => {
  for (const bytes of [
    frame(2, "probe"),
    frame(1, "mesh"),
    frame(5, "x"),
    Buffer.alloc(3),
    frame(2, "mesh2"),
  ]) {
    using channel = await MeshChannel.connect(line.port);
    channel.write(bytes);
    await channel.ended();
    expect(channel.receivedBytes).toBe(0);
  }
  expect((await surf.status()).refusals["not_whitelisted"]).toBe(5);
}, 20_000);
