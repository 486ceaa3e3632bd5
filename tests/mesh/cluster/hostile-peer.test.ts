import { describe, expect, test } from "bun:test";
import {
  encodeCheck,
  encodeNumber,
  encodePeers,
  encodeRelay,
} from "../../../mesh/cluster/cluster-frames.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";
import { type Three, three } from "./small-cluster.ts";

async function expectUnharmed({ net, a, b }: Three): Promise<void> {
  expect([...a.mistakes, ...b.mistakes]).toEqual([]);
  const before = [a.countsFrom("b").length, b.countsFrom("a").length];
  a.publish();
  b.publish();
  await net.pass(100);
  expect([a.countsFrom("b").length, b.countsFrom("a").length]).toEqual(
    before.map((count) => count + 1),
  );
  expect(a.linkTo("b")?.state).toBe("up");
}

function strangers(count: number, from = 0): Parameters<typeof encodePeers>[0]["added"] {
  return Array.from({ length: count }, (_, at) => ({
    name: `stranger-${from + at}`,
    instance: (from + at + 0x1000_0000).toString(16).padStart(32, "0"),
    incarnation: 1,
    address: { host: "10.66.6.6", port: 1 + ((from + at) % 60_000) },
  }));
}

describe("a peer that has proved itself, and then", () => {
  test("lists far more nodes than may be is heard up to the limit", async () => {
    const all = await three();
    const { net, a, c } = all;
    const link = c.linkTo("a");
    for (let from = 0; from < 5000; from += 100) {
      const added = strangers(100, from);
      for (const frame of encodePeers({ added, removed: [] })) link?.sendControl(frame);
    }
    await net.pass(500);
    expect(a.cluster.status().length).toBeLessThanOrEqual(40);
    expect(net.network.dialsAtOnce).toBeLessThanOrEqual(16 * 3);
    expect(a.log.messages("warn")).toContain(
      "peers know more nodes than mesh_nodes_max allows; the others are left out",
    );
    // A newcomer that really is there has its place all the same.
    const d = net.start("d", "a");
    await net.pass(2000);
    expect(d.reach).toContain("a");
    await expectUnharmed(all);
    c.kill();
    await net.pass(100);
    expect(a.cluster.status().length).toBeLessThanOrEqual(4);
  });

  test("lists and unlists the same node for ever leaves nothing behind", async () => {
    const all = await three();
    const { net, a, c } = all;
    const link = c.linkTo("a");
    for (let round = 0; round < 500; round += 1) {
      const added = strangers(1, round);
      const removed = added.map(({ instance }) => instance);
      for (const frame of encodePeers({ added, removed: [] })) link?.sendControl(frame);
      for (const frame of encodePeers({ added: [], removed })) link?.sendControl(frame);
      await net.pass(10);
    }
    await net.pass(5000);
    expect(a.reach).toEqual(["b", "c"]);
    expect(a.cluster.status().length).toBe(2);
    const dials = net.dialsOf("a").length;
    await net.pass(60_000);
    expect(net.dialsOf("a").length).toBe(dials);
    await expectUnharmed(all);
  });

  test("lists this node by another name, or another node as this one, changes nothing", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    const [stranger] = strangers(1);
    if (stranger === undefined) throw new Error("there is no stranger");
    const added = [
      { ...stranger, instance: a.host.identity.instance },
      { ...stranger, instance: b.host.identity.instance },
      { ...stranger, name: "a" },
    ];
    for (const frame of encodePeers({ added, removed: [] })) c.linkTo("a")?.sendControl(frame);
    await net.pass(5000);
    expect(a.reach).toEqual(["b", "c"]);
    expect(a.events.filter((event) => event.endsWith(" a"))).toEqual([]);
    expect(a.cluster.status().map(({ instance }) => instance)).not.toContain(
      a.host.identity.instance,
    );
    expect(net.network.dials.filter(({ to }) => to.startsWith("10.66."))).toEqual([]);
    await expectUnharmed(all);
  });

  test("lists two nodes of one name: the first that was there stays, and then the other comes", async () => {
    const all = await three();
    const { net, a } = all;
    const [first, second] = strangers(2);
    if (first === undefined || second === undefined) throw new Error("there are no strangers");
    const [one, other] = [
      { ...first, name: "s" },
      { ...second, name: "s" },
    ];
    const link = a.linkTo("c");
    for (const frame of encodePeers({ added: [one, other], removed: [] })) link?.deliver(frame);
    await net.pass(502);
    expect(a.cluster.node("s")?.instance).toBe(one.instance);
    const removed = [one.instance];
    for (const frame of encodePeers({ added: [], removed })) link?.deliver(frame);
    expect(a.cluster.node("s")?.instance).toBe(other.instance);
    await expectUnharmed(all);
  });

  test("asks again and again whether a node is there costs one ping at a time", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    const link = c.linkTo("a");
    for (let round = 0; round < 1000; round += 1) {
      link?.sendControl(encodeCheck(b.host.identity.instance));
      link?.sendControl(encodeCheck("ee".repeat(16)));
    }
    await net.pass(3000);
    expect(a.linkTo("b")?.probes).toBe(1);
    expect(a.links).toHaveLength(2);
    await expectUnharmed(all);
  });

  test("speaks in the name of another is not believed", async () => {
    const all = await three();
    const { net, a, b, c } = all;
    const destination = Uint8Array.fromHex(a.host.identity.instance);
    const frame = Buffer.from(`_b ${a.host.identity.instance} 999 `);
    frame[0] = 0x28;
    // As if b had sent it to a by c, without having opened that way.
    const relayed = encodeRelay(Uint8Array.fromHex(b.host.identity.instance), frame);
    relayed[0] = 0x18;
    c.linkTo("a")?.sendMessage(relayed, "x");
    c.linkTo("b")?.sendMessage(encodeRelay(destination, encodeNumber("open", 0)), "x");
    await net.pass(100);
    expect(a.countsFrom("b")).toEqual([]);
    await expectUnharmed(all);
  });

  test("does not answer a ping when another asks for its name is closed", async () => {
    const all = await three();
    const { net, a, c } = all;
    for (const { other } of a.links) {
      if (other !== undefined && other.host === c.host) other.isMute = true;
    }
    for (const link of c.links) link.isMute = true;
    const anew = net.start("c", "a", { incarnation: 2, port: 26 });
    await net.until(() => anew.reach.join() === "a,b", 5000);
    await net.pass(100);
    expect(a.cluster.node("c")?.incarnation).toBe(2);
    await expectUnharmed(all);
  });

  test("sends anything at all harms nobody else", async () => {
    const random = seededRandom(7);
    const all = await three();
    const { net, a, b, c } = all;
    const instances = [a, b, c].map(({ host }) => host.identity.instance);
    const byte = (): number => Math.floor(random() * 256);
    for (let round = 0; round < 3000; round += 1) {
      const type = 0x10 + Math.floor(random() * 0x18);
      const instance = instances[Math.floor(random() * 3)] ?? "";
      const rest = Array.from({ length: Math.floor(random() * 30) }, byte);
      // A type of numbers in want of one that messages here do not check.
      const inner = random() < 0.5 ? [0x20 + Math.floor(random() * 8), ...rest.slice(0, 4)] : rest;
      const body = random() < 0.6 ? [...Uint8Array.fromHex(instance), ...inner] : rest;
      const link = c.linkTo(random() < 0.5 ? "a" : "b");
      if (type !== 0x28) link?.sendMessage(new Uint8Array([type, ...body]), "x");
      await net.pass(random() < 0.1 ? 2000 : 5);
    }
    await net.pass(60_000);
    const harm = [...a.mistakes, ...b.mistakes].filter((mistake) => !mistake.includes('"c"'));
    expect(harm).toEqual([]);
    expect([a.reach, b.reach]).toEqual([
      ["b", "c"],
      ["a", "c"],
    ]);
    await expectUnharmed(all);
  });
});
