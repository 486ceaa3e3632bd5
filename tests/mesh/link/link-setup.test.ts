import { expect, test } from "bun:test";
import { LinkSetup, type LinkSetupContext } from "../../../mesh/link/link-setup.ts";
import type { LinkDirection } from "../../../mesh/link/peer-link.ts";
import { QueueBudget } from "../../../mesh/link/queue-budget.ts";
import { DEFAULT_MESH_LIMITS } from "../../../mesh/mesh-limits.ts";
import { CcpError } from "../../../src/index.ts";
import { frame as message, parseFrames } from "../../helpers/frames.ts";
import { ManualClock } from "../manual-clock.ts";
import { frameOf } from "./link-pair.ts";
import { type LineEnd, type LineOptions, MemoryLine } from "./memory-line.ts";
import { RecordingPolicy } from "./recording-policy.ts";
import { ALICE, BOB, OTHER_SECRET, SECRET } from "./setup-pair.ts";

const PUBLISH = 0x28;
const DATA = 5;

interface SetupSide {
  readonly setup: LinkSetup;
  readonly policy: RecordingPolicy;
  readonly end: LineEnd;
  readonly errors: unknown[];
  /** How often each hook was called. */
  readonly calls: { up: number; over: number };
}

interface Sides {
  readonly clock: ManualClock;
  readonly line: MemoryLine;
  readonly dialler: SetupSide;
  readonly acceptor: SetupSide;
}

interface SidesOptions extends LineOptions {
  readonly dialler?: Partial<LinkSetupContext>;
  readonly acceptor?: Partial<LinkSetupContext>;
}

function sides(options: SidesOptions = {}): Sides {
  const clock = new ManualClock();
  const line = new MemoryLine(options);
  const dialler = sideOf("dialled", line.left, clock, options.dialler);
  const acceptor = sideOf("accepted", line.right, clock, options.acceptor);
  return { clock, line, dialler, acceptor };
}

function sideOf(
  direction: LinkDirection,
  end: LineEnd,
  clock: ManualClock,
  changes: Partial<LinkSetupContext> = {},
): SetupSide {
  const policy = new RecordingPolicy();
  const errors: unknown[] = [];
  const calls = { up: 0, over: 0 };
  const isDialler = direction === "dialled";
  const seenAt = { host: isDialler ? "10.0.0.2" : "10.0.0.1", port: 28_080 };
  const setup = new LinkSetup({
    context: {
      identity: isDialler ? ALICE : BOB,
      cluster: "surf",
      secrets: [SECRET],
      advertise: { host: "", port: 28_081 },
      limits: DEFAULT_MESH_LIMITS,
      budget: new QueueBudget(DEFAULT_MESH_LIMITS.meshMemoryBytesMax),
      policy,
      clock,
      onInternalError: (error) => errors.push(error),
      ...changes,
    },
    attempt: { direction, address: seenAt },
    transport: end,
    seenAt,
    timeoutMs: 3000,
    onUp: () => {
      calls.up += 1;
    },
    onOver: () => {
      calls.over += 1;
    },
  });
  end.handler = setup.stream;
  setup.start();
  return { setup, policy, end, errors, calls };
}

test("two nodes that know the secret have a link, and know each other", async () => {
  for (const size of [1, 3, 100_000]) {
    const { line, dialler, acceptor, clock } = sides({ cuts: () => size });
    await line.settle();
    expect([dialler.policy.outcomes, acceptor.policy.outcomes]).toEqual([["up"], ["up"]]);
    expect(dialler.policy.ups[0]?.link).toMatchObject({
      direction: "dialled",
      address: { host: "10.0.0.2", port: 28_080 },
      peer: { ...BOB, advertise: { host: "10.0.0.2", port: 28_081 }, observed: "10.0.0.1" },
    });
    expect(acceptor.policy.ups[0]?.link).toMatchObject({
      direction: "accepted",
      peer: { ...ALICE, advertise: { host: "10.0.0.1", port: 28_081 }, observed: "10.0.0.2" },
    });
    expect([dialler.calls, acceptor.calls]).toEqual([
      { up: 1, over: 1 },
      { up: 1, over: 1 },
    ]);
    clock.advance(5000);
    expect(dialler.policy.failures).toEqual([]);
    expect([...dialler.errors, ...acceptor.errors]).toEqual([]);
  }
});

test("what the dialler sends at once arrives, in one chunk with the last frame of set-up", async () => {
  for (const size of [1, 7, 100_000]) {
    const { line, dialler, acceptor } = sides({ cuts: () => size });
    dialler.policy.onEach = (link) => {
      for (let number = 0; number < 3; number += 1) {
        link.sendMessage(frameOf(PUBLISH, Buffer.alloc(2000, number)), "a");
      }
      link.sendMessage(frameOf(PUBLISH, Buffer.alloc(100_000, 3)), "a");
    };
    await line.settle();
    const { frames } = acceptor.policy.handler;
    expect(frames.map(({ body }) => body[0])).toEqual([0, 1, 2, 3]);
    expect(frames[3]?.body.equals(Buffer.alloc(100_000, 3))).toBe(true);
    expect(acceptor.policy.handler.downs).toEqual([]);
  }
});

test("another secret ends in one refusal, and the connection is closed", async () => {
  const { line, dialler, acceptor, clock } = sides({ dialler: { secrets: [OTHER_SECRET] } });
  await line.settle();
  expect(dialler.policy.outcomes).toEqual(["unauthenticated by peer"]);
  expect(acceptor.policy.outcomes).toEqual(["wrong_proof"]);
  expect([dialler.end.state, acceptor.end.state]).toEqual(["closed", "closed"]);
  expect([acceptor.calls, clock.timers]).toEqual([{ up: 0, over: 1 }, 0]);
});

test("a policy that does not want the link is told so, and the dialler why", async () => {
  const { line, dialler, acceptor } = sides();
  acceptor.policy.answer = () => ({ code: "duplicate_link", text: "there is one" });
  await line.settle();
  expect(acceptor.policy.outcomes).toEqual(["duplicate_link by us"]);
  expect(dialler.policy.failures[0]?.failure).toEqual({
    kind: "refused",
    by: "peer",
    code: "duplicate_link",
    text: "there is one",
    claimed: BOB.instance,
  });
});

test("a dialler that does not want the link closes without a word", async () => {
  const { line, dialler, acceptor } = sides();
  dialler.policy.answer = () => ({ code: "duplicate_link", text: "there is one" });
  await line.settle();
  expect(dialler.policy.outcomes).toEqual(["duplicate_link by us"]);
  expect(acceptor.policy.outcomes).toEqual(["closed"]);
});

test("a policy that throws fails the attempt", async () => {
  const { line, acceptor } = sides();
  acceptor.policy.answer = () => {
    throw new Error("boom");
  };
  await line.settle();
  expect(acceptor.policy.outcomes).toEqual(["undecided"]);
  expect(acceptor.end.state).toBe("closed");
});

test("a policy that throws at a link has it closed, and the mistake reported", async () => {
  const { line, dialler, acceptor, clock } = sides();
  acceptor.policy.onEach = () => {
    throw new Error("boom");
  };
  await line.settle();
  expect(acceptor.errors).toEqual([new Error("boom")]);
  expect(acceptor.end.state).toBe("closed");
  expect(dialler.policy.handler.downs).toMatchObject([{ reason: "closed" }]);
  expect(clock.timers).toBe(0);
});

test("a policy that closes the link as soon as it is up hears of its end", async () => {
  const { line, dialler, acceptor } = sides();
  acceptor.policy.onEach = (link) => link.close("not needed", "stopping");
  await line.settle();
  expect(acceptor.policy.handler.downs).toEqual([{ reason: "dropped", text: "not needed" }]);
  expect(dialler.policy.handler.downs).toMatchObject([{ reason: "gone" }]);
});

test("time runs out for whoever is waited for, and the connection goes half a second later", async () => {
  const { line, dialler, acceptor, clock } = sides();
  dialler.end.reading = false;
  await line.settle();
  clock.advance(2999);
  expect(acceptor.policy.outcomes).toEqual([]);
  clock.advance(1);
  expect([dialler.policy.outcomes, acceptor.policy.outcomes]).toEqual([["timeout"], ["timeout"]]);
  await line.settle();
  clock.advance(500);
  expect([dialler.end.state, acceptor.end.state]).toEqual(["closed", "closed"]);
  expect(clock.timers).toBe(0);
});

test("an acceptor tells a stranger what it always does, whatever is wrong", async () => {
  const wrong: ((side: SetupSide, line: MemoryLine) => void)[] = [
    (side) => side.setup.abort("timeout"),
    (_side, line) => write(line, message(6, "?")),
    (_side, line) => write(line, Buffer.of(0xff, 0xff, 0xff)),
    (_side, line) => write(line, message(DATA, frameOf(0x01, new Uint8Array(1024)))),
    (_side, line) => write(line, message(DATA)),
    (_side, line) => write(line, message(DATA, frameOf(PUBLISH, Buffer.of(1)))),
  ];
  for (const act of wrong) {
    const clock = new ManualClock();
    const line = new MemoryLine();
    const side = sideOf("accepted", line.right, clock);
    let received = Buffer.alloc(0);
    line.left.handler = {
      onData: (chunk) => {
        received = Buffer.concat([received, chunk]);
      },
      onDrain: () => {},
      onEnd: () => line.left.shutdown(),
      onClose: () => {},
    };
    act(side, line);
    await line.settle();
    expect(parseFrames(received).map(({ data }) => data.toString("latin1"))).toEqual([
      "\x05\x92\xafunauthenticated\xb5authentication failed",
    ]);
    expect(side.policy.outcomes).toHaveLength(1);
    expect([side.end.state, clock.timers]).toEqual(["closed", 0]);
  }
});

test("a connection that is lost during set-up is told once", async () => {
  for (const lose of [(end: LineEnd) => end.terminate(), (end: LineEnd) => end.shutdown()]) {
    const { line, dialler, acceptor } = sides();
    lose(line.left);
    await line.settle();
    expect(acceptor.policy.outcomes).toEqual(["closed"]);
    expect(dialler.policy.outcomes).toEqual(["closed"]);
    dialler.setup.abort("cancelled");
    expect(dialler.policy.outcomes).toHaveLength(1);
  }
});

test("an end in place of a frame closes", async () => {
  const { line, acceptor } = sides();
  write(line, message(0x0a));
  await line.settle();
  expect(acceptor.policy.outcomes).toEqual(["closed"]);
});

test("a node that cannot say who it is says so to nobody but its log", async () => {
  const { line, dialler, acceptor } = sides({
    dialler: { identity: { ...ALICE, name: "not a name" } },
  });
  await line.settle();
  expect(dialler.policy.outcomes).toEqual(["internal"]);
  expect(dialler.errors).toHaveLength(1);
  expect(acceptor.policy.outcomes).toEqual(["closed"]);
});

function write(line: MemoryLine, bytes: Buffer): void {
  line.left.write(bytes, 0, bytes.length);
}

test("a connection that was lost before set-up began is no mistake of this node", () => {
  const line = new MemoryLine();
  line.right.exportKeyingMaterial = () => {
    throw new CcpError("communication_ended", "it is over");
  };
  const { policy, errors } = sideOf("accepted", line.right, new ManualClock());
  expect(policy.outcomes).toEqual(["closed"]);
  expect(errors).toEqual([]);
});
