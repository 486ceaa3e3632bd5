import { describe, expect, test } from "bun:test";
import {
  encodeCheck,
  encodeNumber,
  encodePeers,
  encodeRelay,
  encodeRelayed,
  type ListedNode,
} from "../../../mesh/cluster/cluster-frames.ts";
import { ClusterLog } from "../../../mesh/cluster/cluster-log.ts";
import { RecordingLogger } from "../../helpers/recording-logger.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { SmallCluster, type Three, three } from "./small-cluster.ts";

const SERIAL_MAX = 0xff_ff_ff_ff;

/** A frame as if `carrier` passed it on for `sender`. */
function forged(sender: SimulatedNode, frame: Uint8Array): Uint8Array {
  const chunk = Buffer.from(frame);
  const source = Uint8Array.fromHex(sender.host.identity.instance);
  const [type = 0] = frame;
  return encodeRelayed(source, { instance: "", type, chunk, start: 1, end: chunk.length });
}

function numbered(from: SimulatedNode, to: SimulatedNode, count: number): Buffer {
  const frame = Buffer.from(`_${from.name} ${to.host.identity.instance} ${count} `);
  frame[0] = 0x28;
  return frame;
}

function strangers(count: number, from = 0): ListedNode[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `stranger-${from + at}`,
    instance: (from + at + 0x1000_0000).toString(16).padStart(32, "0"),
    incarnation: 1,
    address: { host: "10.66.6.6", port: 1 + ((from + at) % 60_000) },
  }));
}

function list(by: SimulatedNode, to: string, added: readonly ListedNode[]): void {
  for (const frame of encodePeers({ added, removed: [] })) by.linkTo(to)?.sendControl(frame);
}

async function expectHeard({ net, a, b }: Three): Promise<void> {
  const before = [a.countsFrom("b").length, b.countsFrom("a").length];
  a.publish();
  b.publish();
  await net.pass(100);
  const after = [a.countsFrom("b").length, b.countsFrom("a").length];
  expect(after).toEqual(before.map((count) => count + 1));
  expect([...a.mistakes, ...b.mistakes]).toEqual([]);
}

describe("a member that makes up an open of another's", () => {
  test("cuts no link, and is not believed in what it says after it", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    const link = a.linkTo("b");
    for (let round = 0; round < 50; round += 1) {
      const serial = SERIAL_MAX - 50 + round;
      c.linkTo("a")?.sendControl(forged(b, encodeNumber("open", serial)));
      c.linkTo("a")?.sendControl(forged(b, numbered(b, a, 1000 + round)));
      await net.pass(3);
    }
    await net.pass(2000);
    expect(link?.state).toBe("up");
    expect(a.countsFrom("b")).toEqual([]);
    expect(a.events).not.toContain("lost b");
    expect(a.log.messages("warn")).toEqual([
      "a peer carries what the node it names has not sent; is it to be trusted?",
    ]);
    await expectHeard(all);
  });

  test("does not make a node deaf to the link that it has with the other afterwards", async () => {
    const net = new SmallCluster();
    net.part("a", "b");
    const a = net.start("a");
    const c = net.start("c", "a");
    const b = net.start("b", "c");
    await net.pass(2000);
    expect(a.reach).toEqual(["b via c", "c"]);
    c.linkTo("a")?.sendControl(forged(b, encodeNumber("open", SERIAL_MAX)));
    await net.pass(100);
    net.join("a", "b");
    await net.until(() => a.reach.join() === "b,c" && b.reach.join() === "a,c", 40_000);
    await net.pass(100);
    await expectHeard({ net, a, b, c });
  });
});

describe("a member that lists what is not there", () => {
  test("has others dial a few addresses a second, and those of the config before them", async () => {
    const { net, a, c } = await three();
    const before = net.network.dials.length;
    for (let round = 0; round < 600; round += 1) {
      const added = strangers(10, round * 10);
      const removed = strangers(10, (round - 1) * 10).map(({ instance }) => instance);
      for (const frame of encodePeers({ added, removed })) c.linkTo("a")?.sendControl(frame);
      await net.pass(50);
    }
    const toStrangers = net.network.dials
      .slice(before)
      .filter(({ from, to }) => from === "a" && to.startsWith("10.66."));
    // 30 s, and the burst.
    expect(toStrangers.length).toBeLessThanOrEqual(256 + 8 * 31);
    expect(toStrangers.length).toBeGreaterThan(256);
    const d = net.start("d");
    a.cluster.setSeeds([d.host.address]);
    await net.pass(200);
    expect(a.reach).toContain("d");
  });

  test("again and again does not have an address of the config dialled more often", async () => {
    const all = await three();
    const { net, a, c } = all;
    const [dead] = strangers(1);
    if (dead?.address === undefined) throw new Error("it has no address");
    a.cluster.setSeeds([dead.address]);
    await net.pass(60_000);
    const before = net.dialsOf("a").length;
    for (let round = 0; round < 1000; round += 1) {
      list(c, "a", [dead]);
      await net.pass(10);
    }
    // Of 10 s; and once at first, when it is news.
    expect(net.dialsOf("a").length - before).toBeLessThan(6);
    expect(a.linkTo("c")?.state).toBe("up");
    await expectHeard(all);
  });

  test("cannot have ports dialled that only the machine itself reaches", async () => {
    const { net, a, c } = await three();
    const hosts = [
      "127.0.0.1",
      "127.1.2.3",
      "localhost",
      "::1",
      "::ffff:127.0.0.1",
      "0.0.0.0",
      "::",
    ];
    const added = strangers(hosts.length).map(({ name, instance, incarnation }, at) => {
      return { name, instance, incarnation, address: { host: hosts[at] ?? "", port: 28_090 } };
    });
    list(c, "a", added);
    await net.pass(5000);
    expect(net.network.dials.filter(({ to }) => to.endsWith(":28090"))).toEqual([]);
    expect(a.cluster.status().length).toBe(2 + hosts.length);
  });

  test("cannot have a node sent away for its name that others are linked with", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    net.start("d", "a");
    await net.pass(2000);
    const link = a.linkTo("b");
    const namesakes = strangers(1).map(({ instance }) => {
      return { name: "b", instance, incarnation: 0, address: undefined };
    });
    for (let round = 0; round < 10; round += 1) {
      list(c, "a", namesakes);
      await net.pass(1000);
    }
    expect(link?.state).toBe("up");
    expect(b.events).not.toContain("down a");
    await expectHeard(all);
  });

  test("leaves room for what others list", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    list(c, "a", strangers(100));
    await net.pass(100);
    const honest = strangers(5, 5000);
    list(b, "a", honest);
    await net.pass(100);
    const known = a.cluster.status().map(({ instance }) => instance);
    for (const { instance } of honest) expect(known).toContain(instance);
    // But it cannot be used to push out what others list, either.
    list(c, "a", strangers(100, 200));
    await net.pass(100);
    const still = a.cluster.status().map(({ instance }) => instance);
    for (const { instance } of honest) expect(still).toContain(instance);
    expect(still.length).toBeLessThanOrEqual(20 + 2);
    await expectHeard(all);
  });

  test("and unlists it without end is sent away", async () => {
    const all = await three();
    const { net, a, c } = all;
    const link = a.linkTo("c");
    for (let round = 0; round < 100; round += 1) {
      list(c, "a", strangers(100, round * 100));
      await net.pass(10);
    }
    expect(link?.down?.reason).toBe("dropped");
    await expectHeard(all);
  });
});

describe("a member that asks whether another is there", () => {
  test("twice a second for half a minute does not end a link that hesitates later", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    for (let round = 0; round < 50; round += 1) {
      c.linkTo("a")?.sendControl(encodeCheck(b.host.identity.instance));
      await net.pass(500);
      for (const { other } of a.links) if (other?.host === b.host) other.isMute = round > 0;
    }
    expect(a.linkTo("b")?.probes).toBe(1);
    expect(b.events).not.toContain("lost a");
    await expectHeard(all);
  });
});

describe("a member that has much carried to a slow node", () => {
  test("leaves a part of the queue to the carrier's own", async () => {
    const { net, a, b, c } = await three();
    const link = a.linkTo("b");
    if (link === undefined) throw new Error("there is no link");
    const destination = Uint8Array.fromHex(b.host.identity.instance);
    const relay = encodeRelay(destination, numbered(c, b, 1));
    link.queuedBytes = 12 * 1024 * 1024;
    const before = link.sent.length;
    c.linkTo("a")?.sendControl(relay);
    c.linkTo("a")?.sendControl(encodeRelay(destination, encodeNumber("open", 9)));
    await net.pass(50);
    expect(link.sent.length).toBe(before);
    link.queuedBytes = 0;
    c.linkTo("a")?.sendControl(relay);
    await net.pass(50);
    expect(link.sent.length).toBe(before + 1);
  });
});

describe("a member that comes and goes", () => {
  test("without end does not fill the log, and what is left out is counted", () => {
    const log = new RecordingLogger();
    let nowMs = 0;
    const lines = new ClusterLog(log, () => nowMs);
    const peer = { name: "c", instance: "cc", incarnation: 1, advertise: undefined, observed: "" };
    const link = {
      peer,
      link: { direction: "accepted", address: { host: "::1", port: 9 } },
    } as const;
    for (let round = 0; round < 5000; round += 1) {
      lines.linkUp(link);
      lines.linkDown(link, { reason: "closed", text: "closed" });
    }
    expect(log.lines.length).toBe(600);
    nowMs += 2000;
    lines.linkUp(link);
    expect(log.lines.at(-1)).toMatchObject({ fields: { leftOut: 10_000 - 600 } });
  });
});
