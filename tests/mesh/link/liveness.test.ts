import { expect, test } from "bun:test";
import { OwnFrameType } from "../../../mesh/link/link-frames.ts";
import { frameOf, LinkPair, ScriptedPair } from "./link-pair.ts";

const SILENCE_MS = 8000;
const NODE_FRAME = 0x28;

test("pings at once and every two seconds, whatever else is sent, and knows the round trip", async () => {
  const pair = new ScriptedPair();
  expect(await pair.pings()).toHaveLength(1);
  expect(pair.side.link.rttMs).toBeUndefined();
  for (let step = 0; step < 100; step += 1) {
    pair.clock.advance(100);
    pair.side.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(9)), "a");
    await pair.send(frameOf(NODE_FRAME, new Uint8Array(3)));
  }
  const pings = await pair.pings();
  expect(pings).toHaveLength(6);
  expect(new Set(pings.map((body) => body.toString("hex"))).size).toBe(6);
  expect(pings.every((body) => body.length === 8)).toBe(true);
  pair.clock.advance(37);
  await pair.send(frameOf(OwnFrameType.pong, pings[5] ?? new Uint8Array(0)));
  expect(pair.side.link.rttMs).toBe(37);
});

test("answers a ping with its bytes", async () => {
  const pair = new ScriptedPair();
  await pair.send(frameOf(OwnFrameType.ping, Buffer.from("0011223344556677", "hex")));
  expect((await pair.frames()).map((bytes) => bytes.toString("hex"))).toEqual([
    "120011223344556677",
  ]);
});

test("two that say nothing else stay up", async () => {
  const pair = new LinkPair();
  await pair.pass(60_000);
  expect([...pair.left.handler.downs, ...pair.right.handler.downs]).toEqual([]);
  expect(pair.left.link.rttMs).toBe(0);
});

test("a pong that nobody asked for means nothing", async () => {
  const pair = new ScriptedPair();
  await pair.send(
    frameOf(OwnFrameType.pong, Buffer.from("00000000000000ff", "hex")),
    frameOf(OwnFrameType.pong, Buffer.alloc(8, 0xff)),
  );
  expect(pair.side.link.rttMs).toBeUndefined();
  expect(pair.side.handler.downs).toEqual([]);
});

test("is down after eight seconds of silence, to the millisecond", async () => {
  const pair = new ScriptedPair();
  pair.clock.advance(1234);
  await pair.send(frameOf(NODE_FRAME, new Uint8Array(1)));
  pair.clock.advance(SILENCE_MS - 1);
  expect(pair.side.handler.downs).toEqual([]);
  pair.clock.advance(1);
  expect(pair.side.handler.downs).toEqual([
    { reason: "silent", text: "nothing came from it for 8000 ms" },
  ]);
  expect(pair.side.end.state).toBe("closed");
  expect(pair.clock.timers).toBe(0);
});

test("one byte of a frame is a sign of life", async () => {
  const pair = new ScriptedPair();
  pair.clock.advance(SILENCE_MS - 1);
  await pair.write(Buffer.of(0));
  pair.clock.advance(SILENCE_MS - 1);
  expect(pair.side.handler.downs).toEqual([]);
  pair.clock.advance(1);
  expect(pair.side.handler.downs).toMatchObject([{ reason: "silent" }]);
});

test("a node that was stopped itself gives a ping's time before it judges", async () => {
  const pair = new ScriptedPair();
  pair.clock.advance(1000);
  const before = (await pair.pings()).length;
  pair.clock.jump(60_000);
  pair.clock.advance(0);
  // The link asks at once.
  expect(await pair.pings()).toHaveLength(before + 1);
  pair.clock.advance(1999);
  expect(pair.side.handler.downs).toEqual([]);
  pair.clock.advance(1);
  expect(pair.side.handler.downs).toMatchObject([{ reason: "silent" }]);
});

test("a node that was stopped itself stays linked with a peer that is there", async () => {
  const pair = new ScriptedPair();
  pair.clock.jump(60_000);
  pair.clock.advance(1000);
  await pair.send(frameOf(NODE_FRAME, new Uint8Array(1)));
  pair.clock.advance(SILENCE_MS - 1);
  expect(pair.side.handler.downs).toEqual([]);
});

test("a look that is a little late excuses nobody", () => {
  const pair = new ScriptedPair();
  pair.clock.advance(7600);
  pair.clock.jump(900);
  pair.clock.advance(0);
  expect(pair.side.handler.downs).toMatchObject([{ reason: "silent" }]);
});

test("a peer that takes nothing of what waits for ten seconds is down", async () => {
  const pair = new LinkPair({ capacity: 100_000, limits: { meshSilenceTimeoutMs: 1_000_000 } });
  pair.line.right.reading = false;
  pair.left.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(60_000)), "a");
  await pair.pass(20_000);
  // It fitted what is between them, so nothing waits.
  expect(pair.left.handler.downs).toEqual([]);
  pair.left.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(60_000)), "a");
  await pair.pass(10_000);
  expect(pair.left.handler.downs).toEqual([]);
  await pair.pass(500);
  expect(pair.left.handler.downs).toEqual([
    { reason: "stalled", text: "it took nothing of what waited for it for 10000 ms" },
  ]);
  expect(pair.left.link.queuedBytes).toBe(0);
});

test("a node that was stopped itself does not take that for its peer's standstill", async () => {
  const pair = new LinkPair({ capacity: 1000, limits: { meshSilenceTimeoutMs: 1_000_000 } });
  pair.line.right.reading = false;
  pair.left.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(60_000)), "a");
  await pair.pass(2000);
  pair.clock.jump(60_000);
  await pair.pass(9900);
  expect(pair.left.handler.downs).toEqual([]);
  await pair.pass(600);
  expect(pair.left.handler.downs).toMatchObject([{ reason: "stalled" }]);
});

test("a peer that takes a little now and then is not", async () => {
  const pair = new LinkPair({
    capacity: 4000,
    cuts: () => 1000,
    limits: { meshSilenceTimeoutMs: 1_000_000 },
  });
  pair.line.right.reading = false;
  pair.left.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(12_000)), "a");
  await pair.line.settle();
  for (let step = 0; step < 5; step += 1) {
    await pair.pass(9000);
    pair.line.right.reading = true;
    pair.line.pump();
    pair.line.right.reading = false;
  }
  expect(pair.left.handler.downs).toEqual([]);
  expect(pair.left.link.queuedBytes).toBeGreaterThan(0);
  await pair.pass(11_000);
  expect(pair.left.handler.downs).toMatchObject([{ reason: "stalled" }]);
});

test("a peer that reads all and gives no credit is down as well", async () => {
  const pair = new ScriptedPair({ limits: { meshSilenceTimeoutMs: 1_000_000 } });
  pair.side.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(1_000_000)), "a");
  await pair.line.settle();
  for (let step = 0; step < 10; step += 1) {
    pair.clock.advance(1000);
    await pair.send(frameOf(NODE_FRAME, new Uint8Array(1)));
  }
  expect(pair.side.handler.downs).toEqual([]);
  pair.clock.advance(1000);
  expect(pair.side.handler.downs).toMatchObject([{ reason: "stalled" }]);
});

test("a probe is answered by the pong to its own ping", async () => {
  const pair = new ScriptedPair();
  const [earlier = Buffer.alloc(0)] = await pair.pings();
  const answers: boolean[] = [];
  const probe = pair.side.link.probe(1000).then((answer) => answers.push(answer));
  await pair.send(frameOf(OwnFrameType.pong, earlier));
  expect(answers).toEqual([]);
  const [, own = Buffer.alloc(0)] = await pair.pings();
  await pair.send(frameOf(OwnFrameType.pong, own));
  await probe;
  expect(answers).toEqual([true]);
});

test("a probe without an answer in time says so, and so does one whose link goes down", async () => {
  const pair = new ScriptedPair();
  const late = pair.side.link.probe(1000);
  pair.clock.advance(1000);
  expect(await late).toBe(false);
  const lost = pair.side.link.probe(1000);
  pair.side.link.close("enough");
  expect(await lost).toBe(false);
  expect(await pair.side.link.probe(1000)).toBe(false);
});

test("a probe is answered by what comes when what was on its way has come", async () => {
  const pair = new ScriptedPair();
  const busy = pair.side.link.probe(1000);
  pair.clock.advance(501);
  await pair.send(frameOf(NODE_FRAME, new Uint8Array(3)));
  pair.clock.advance(499);
  expect(await busy).toBe(true);
});

test("a probe is not answered by what was on its way when the other side stopped", async () => {
  const pair = new ScriptedPair();
  const stopped = pair.side.link.probe(1000);
  for (let step = 0; step < 4; step += 1) {
    pair.clock.advance(100);
    await pair.send(frameOf(NODE_FRAME, new Uint8Array(3)));
  }
  pair.clock.advance(600);
  expect(await stopped).toBe(false);
});

test("a probe is answered by the taking of what waits, as far as the other side goes on with it", async () => {
  const pair = new ScriptedPair({ capacity: 1000, cuts: () => 100 });
  pair.line.right.reading = false;
  pair.side.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(60_000)), "a");
  await pair.line.settle();
  const taken = pair.side.link.probe(1000);
  pair.clock.advance(700);
  pair.line.right.reading = true;
  pair.line.pump();
  pair.line.right.reading = false;
  pair.clock.advance(300);
  expect(await taken).toBe(true);
  const stopped = pair.side.link.probe(1000);
  pair.clock.advance(1000);
  expect(await stopped).toBe(false);
});

test("a probe is not answered by the leaving of what was sent while it waited", async () => {
  const pair = new ScriptedPair();
  await pair.frames();
  // Queued in the very turn in which the probe begins to watch, and on its way when that is over.
  pair.clock.after(500, () =>
    pair.side.link.sendMessage(frameOf(NODE_FRAME, new Uint8Array(9)), "a"),
  );
  const isThere = pair.side.link.probe(1000);
  pair.clock.advance(500);
  expect(await pair.frames()).toHaveLength(1);
  pair.clock.advance(500);
  expect(await isThere).toBe(false);
});

test("many probes at once ask a few times, and all are answered", async () => {
  const pair = new LinkPair();
  await pair.line.settle();
  const before = pair.left.link.counters.framesOut;
  const probes = Array.from({ length: 1000 }, () => pair.left.link.probe(1000));
  expect(pair.left.link.counters.framesOut - before).toBe(16);
  await pair.line.settle();
  expect(new Set(await Promise.all(probes))).toEqual(new Set([true]));
});

test("a probe during which this node was stopped is given its time again", async () => {
  const pair = new ScriptedPair({ limits: { meshSilenceTimeoutMs: 1_000_000 } });
  const answers: boolean[] = [];
  const probe = pair.side.link.probe(1000).then((answer) => answers.push(answer));
  const [, own = Buffer.alloc(0)] = await pair.pings();
  pair.clock.jump(30_000);
  pair.clock.advance(0);
  await pair.line.settle();
  expect(answers).toEqual([]);
  await pair.send(frameOf(OwnFrameType.pong, own));
  await probe;
  expect(answers).toEqual([true]);
});
