import { describe, expect, test } from "bun:test";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { frame, header, pattern } from "../helpers/frames.ts";
import { CLIENT, ServerHarness } from "../helpers/server-harness.ts";
import { nextTurn } from "../helpers/turns.ts";

const START = frame(ClientCode.startRequest, "echo");
const START_RAW = frame(ClientCode.startRaw, "raw");
const END = frame(ClientCode.end);

function data(text: string | Uint8Array): Buffer {
  return frame(ClientCode.data, text);
}

/** With a request plugin `echo`, which answers at once, and a raw plugin `raw`, which says nothing. */
function setUp(limits: ConstructorParameters<typeof ServerHarness>[0] = {}): ServerHarness {
  const harness = new ServerHarness(limits);
  harness.registry.addRequest("echo", (_address, bytes) => bytes, "test");
  harness.registry.addRaw("raw", class extends RawReceiver {}, "test");
  return harness;
}

describe("before the start", () => {
  test("a request-based communication is accepted, and the connection no longer pending", async () => {
    const harness = setUp();
    expect(harness.connection.state).toBe("awaiting-start");
    harness.receive(START);
    expect(harness.connection.state).toBe("open");
    expect(harness.started).toBe(1);
    expect(await harness.codes()).toEqual([ServerCode.accepted]);
    expect(harness.counters.communications).toBe(1);
  });

  test("a raw communication is accepted", async () => {
    const harness = setUp();
    harness.receive(START_RAW);
    expect(await harness.codes()).toEqual([ServerCode.accepted]);
    expect(harness.connection.state).toBe("open");
  });

  test.each([
    [ClientCode.startRequest, "raw"],
    [ClientCode.startRaw, "echo"],
    [ClientCode.startRequest, ""],
    [ClientCode.startRequest, "Echo"],
  ])("code %i with the name %p meets nobody home", async (code, name) => {
    const harness = setUp();
    harness.receive(frame(code, name));
    expect(await harness.codes()).toEqual([ServerCode.nobodyHome]);
    expect(harness.connection.state).toBe("awaiting-end");
    expect(harness.started).toBe(1);
    expect(harness.counters.nobodyHome).toBe(1);
    expect(harness.refusals).toEqual({});
  });

  test("an end closes without a word", async () => {
    const harness = setUp();
    harness.receive(END);
    expect(await harness.codes()).toEqual([]);
    expect(harness.connection.state).toBe("closing");
    expect(harness.transport.state).toBe("shut");
  });

  test("data, empty messages and unknown codes are ignored", async () => {
    const harness = setUp();
    harness.receive(data("early"), header(0), frame(0x77, "?"), START, data("x"));
    expect(await harness.texts()).toEqual(["1:", "5:x"]);
  });

  test("a name that is not UTF-8 is a protocol error", async () => {
    const harness = setUp();
    harness.receive(frame(ClientCode.startRequest, Buffer.from([0xff, 0xfe])));
    expect(await harness.codes()).toEqual([ServerCode.protocolError]);
    expect(harness.transport.state).toBe("shut");
    expect(harness.refusals).toEqual({ protocol_error: 1 });
  });

  test("a message above `startBytesMax` is refused, by its header alone", async () => {
    const harness = setUp({ startBytesMax: 16 });
    harness.receive(header(17));
    expect(await harness.codes()).toEqual([ServerCode.protocolError]);
    expect(harness.refusals).toEqual({ message_too_large: 1 });
    expect(harness.budget.bytes).toBe(0);
  });

  test("an end of input closes", () => {
    const harness = setUp();
    harness.connection.onEnd();
    expect(harness.transport.state).toBe("shut");
    expect(harness.connection.state).toBe("closing");
  });

  test("the time to start is bounded, whatever is said meanwhile", () => {
    const harness = setUp({ startTimeoutMs: 3000 });
    harness.pass(2999);
    harness.receive(data("still here"));
    expect(harness.connection.state).toBe("awaiting-start");
    harness.pass(1);
    expect(harness.transport.state).toBe("terminated");
    expect(harness.closed).toBe(1);
    expect(harness.refusals).toEqual({ start_timeout: 1 });
    harness.pass(10_000);
    expect(harness.refusals).toEqual({ start_timeout: 1 });
  });
});

describe("an open communication", () => {
  test("ends with the client's end: what is queued is flushed, then it is shut down", async () => {
    const harness = setUp();
    harness.receive(START, data("a"), data("b"), END);
    expect(await harness.texts()).toEqual(["1:", "5:a", "5:b"]);
    expect(harness.transport.state).toBe("shut");
    harness.connection.onClose();
    expect(harness.connection.state).toBe("closed");
    expect(harness.closed).toBe(1);
    expect(harness.refusals).toEqual({});
    expect(harness.budget.bytes).toBe(0);
  });

  test("ends with the client's FIN, and what came before it is answered", async () => {
    const harness = setUp();
    harness.receive(START, data("a"));
    harness.connection.onEnd();
    expect(await harness.texts()).toEqual(["1:", "5:a"]);
    expect(harness.transport.state).toBe("shut");
  });

  test.each([ClientCode.startRequest, ClientCode.startRaw])(
    "meets a second start (%i) with a protocol error",
    async (code) => {
      const harness = setUp();
      harness.receive(START, frame(code, "echo"), data("after"));
      expect(await harness.codes()).toEqual([ServerCode.accepted, ServerCode.protocolError]);
      expect(harness.refusals).toEqual({ protocol_error: 1 });
      expect(harness.transport.state).toBe("shut");
    },
  );

  test("ignores empty messages and unknown codes", async () => {
    const harness = setUp();
    harness.receive(START, header(0), frame(0x03), frame(0xff, "x"), data("a"));
    expect(await harness.texts()).toEqual(["1:", "5:a"]);
  });

  test("takes messages up to `messageBytesMax`", async () => {
    const harness = setUp({ messageBytesMax: 100 });
    harness.receive(START, data("x".repeat(99)), header(101));
    expect(await harness.codes()).toEqual([
      ServerCode.accepted,
      ServerCode.data,
      ServerCode.protocolError,
    ]);
    expect(harness.refusals).toEqual({ message_too_large: 1 });
  });

  test("is lost when the connection is, and leaves nothing", () => {
    const harness = setUp();
    harness.receive(START, data("a"), header(100_000));
    harness.connection.onClose();
    harness.connection.onClose();
    expect(harness.closed).toBe(1);
    expect(harness.budget.bytes).toBe(0);
  });

  test("may not take for ever over one message, from its first byte to its last", () => {
    const harness = setUp({ messageTimeoutMs: 1000, idleTimeoutMs: 0 });
    harness.receive(START, data("a"), header(200).subarray(0, 1));
    harness.pass(0);
    harness.pass(600);
    harness.receive(header(200).subarray(1), Buffer.alloc(10));
    harness.pass(399);
    expect(harness.connection.state).toBe("open");
    harness.pass(1);
    expect(harness.refusals).toEqual({ message_timeout: 1 });
    expect(harness.transport.state).toBe("terminated");
    expect(harness.budget.bytes).toBe(0);
  });

  test("may take its time over many messages", async () => {
    const harness = setUp({ messageTimeoutMs: 1000, idleTimeoutMs: 0 });
    const wire = data("0123456789");
    harness.receive(START, wire.subarray(0, 7));
    for (let count = 0; count < 20; count += 1) {
      harness.receive(wire.subarray(7), wire.subarray(0, 7));
      await nextTurn();
      harness.pass(600);
    }
    expect(harness.refusals).toEqual({});
  });

  test("counts what goes in and out", async () => {
    const harness = setUp();
    harness.receive(START, data("abc"));
    await nextTurn();
    expect(harness.counters).toMatchObject({
      messagesIn: 2,
      messagesOut: 2,
      bytesIn: START.length + 7,
      bytesOut: 4 + 7,
    });
  });
});

describe("a request-based communication that is silent", () => {
  test("is ended after the idle timeout, and told so", async () => {
    const harness = setUp({ idleTimeoutMs: 5000 });
    harness.receive(START);
    harness.pass(100);
    harness.pass(4999);
    expect(await harness.codes()).toEqual([ServerCode.accepted]);
    harness.pass(1);
    expect(await harness.codes()).toEqual([ServerCode.accepted, ServerCode.end]);
    expect(harness.connection.state).toBe("awaiting-end");
    expect(harness.refusals).toEqual({ idle_timeout: 1 });
  });

  test("is kept by every message", async () => {
    const harness = setUp({ idleTimeoutMs: 5000 });
    harness.receive(START);
    for (let count = 0; count < 10; count += 1) {
      harness.receive(data("x"));
      await nextTurn();
      harness.pass(4000);
    }
    expect(harness.refusals).toEqual({});
  });

  test("is silent only from its last reply on", async () => {
    const harness = setUp({ idleTimeoutMs: 5000, callbackTimeoutMs: 60_000 });
    const answer = Promise.withResolvers<string>();
    harness.registry.addRequest("slow", () => answer.promise, "test");
    harness.receive(frame(ClientCode.startRequest, "slow"), data("x"));
    harness.pass(20_000);
    answer.resolve("late");
    await nextTurn();
    harness.pass(250);
    expect(harness.refusals).toEqual({});
    harness.pass(5000);
    expect(harness.refusals).toEqual({ idle_timeout: 1 });
  });

  test("may be silent for ever with an idle timeout of 0, and a raw one in any case", async () => {
    for (const start of [START, START_RAW]) {
      const harness = setUp({ idleTimeoutMs: start === START ? 0 : 1 });
      harness.receive(start);
      await nextTurn();
      harness.pass(2 ** 31);
      expect(harness.connection.state).toBe("open");
    }
  });
});

describe("after the client was told that it is over", () => {
  test("its end is expected, and closes", async () => {
    const harness = setUp();
    harness.receive(frame(ClientCode.startRequest, "nobody"), END);
    expect(await harness.codes()).toEqual([ServerCode.nobodyHome]);
    expect(harness.transport.state).toBe("shut");
    expect(harness.refusals).toEqual({});
  });

  test.each([
    ["data", data("x")],
    ["a start", START],
    ["an empty message", header(0)],
    ["an unknown code", frame(0x42)],
  ])("%s is a protocol error", async (_name, wire) => {
    const harness = setUp();
    harness.receive(frame(ClientCode.startRequest, "nobody"), wire);
    expect(await harness.codes()).toEqual([ServerCode.nobodyHome, ServerCode.protocolError]);
    expect(harness.refusals).toEqual({ protocol_error: 1 });
  });

  test("its FIN closes as well", () => {
    const harness = setUp();
    harness.receive(frame(ClientCode.startRequest, "nobody"));
    harness.connection.onEnd();
    expect(harness.connection.state).toBe("closing");
  });

  test("the time to end is bounded, from when all was flushed", async () => {
    const harness = setUp({ closeTimeoutMs: 1000, sendStallTimeoutMs: 10_000 });
    harness.transport.capacity = 0;
    harness.receive(START, data("x"), frame(ClientCode.startRequest, "again"));
    await nextTurn();
    expect(harness.connection.state).toBe("closing");
    harness.pass(250);
    harness.pass(5000);
    expect(harness.transport.state).toBe("open");
    harness.drain();
    expect(harness.transport.state).toBe("shut");
    harness.pass(999);
    expect(harness.refusals).toEqual({ protocol_error: 1 });
    harness.pass(1);
    expect(harness.refusals).toEqual({ protocol_error: 1, close_timeout: 1 });
    expect(harness.closed).toBe(1);
  });

  test("what it still sends while closing is read and dropped", async () => {
    const harness = setUp();
    harness.receive(START, END);
    harness.receive(data("x"), header(0xff_ff_ff), Buffer.alloc(100_000));
    expect(harness.transport.paused).toBe(false);
    expect(await harness.codes()).toEqual([ServerCode.accepted]);
    expect(harness.budget.bytes).toBe(0);
  });
});

describe("a client that does not read", () => {
  test("is read no further at the high-water mark, and further once it reads", async () => {
    const harness = setUp({ sendHighWaterBytes: 100 });
    harness.transport.capacity = 0;
    harness.receive(START, ...Array.from({ length: 20 }, () => data("0123456789")));
    expect(harness.counters.messagesIn).toBe(1 + 7);
    expect(harness.transport.paused).toBe(true);
    await nextTurn();
    harness.drain();
    await nextTurn();
    expect(harness.transport.paused).toBe(false);
    expect((await harness.texts()).length).toBe(21);
    expect(harness.budget.bytes).toBe(0);
  });

  test("is closed when it takes nothing for too long", async () => {
    const harness = setUp({ sendStallTimeoutMs: 1000 });
    harness.transport.capacity = 0;
    harness.receive(START);
    await nextTurn();
    harness.pass(250);
    harness.pass(700);
    harness.drain(1);
    harness.pass(500);
    harness.pass(999);
    expect(harness.refusals).toEqual({});
    harness.pass(1);
    expect(harness.refusals).toEqual({ send_stalled: 1 });
    expect(harness.transport.state).toBe("terminated");
    expect(harness.budget.bytes).toBe(0);
  });

  test("is closed when too much waits for it", () => {
    const harness = setUp({ sendQueueBytesMax: 1000 });
    harness.transport.capacity = 0;
    harness.receive(START, data(pattern(2000)));
    expect(harness.refusals).toEqual({ send_queue_full: 1 });
    expect(harness.budget.bytes).toBe(0);
  });

  test("gets all that was queued before it ended, however slowly it reads", async () => {
    const harness = setUp({ closeTimeoutMs: 1000, sendStallTimeoutMs: 1000 });
    harness.transport.capacity = 10;
    harness.receive(START, data("0123456789"), data("abcdefghij"), END);
    await nextTurn();
    while (harness.transport.state === "open") {
      harness.pass(900);
      harness.drain(1);
    }
    expect(harness.transport.state).toBe("shut");
    expect(await harness.texts()).toEqual(["1:", "5:0123456789", "5:abcdefghij"]);
  });
});

describe("when memory for all connections is short", () => {
  test("the one that asks for more is closed, and everything is given back", () => {
    const harness = setUp({ memoryBytesMax: 100_000 });
    harness.receive(START, header(0xff_ff_ff));
    for (let count = 0; count < 10; count += 1) harness.receive(Buffer.alloc(20_000));
    expect(harness.refusals).toEqual({ memory_max: 1 });
    expect(harness.closed).toBe(1);
    expect(harness.budget.bytes).toBe(0);
  });

  test("and the word that it is over finds no room, nothing throws", async () => {
    const harness = setUp({ memoryBytesMax: 100_000, idleTimeoutMs: 1000 });
    harness.receive(START);
    await nextTurn();
    harness.budget.take(99_000);
    harness.pass(250);
    harness.pass(1000);
    expect(harness.refusals).toEqual({ idle_timeout: 1, memory_max: 1 });
    expect(harness.connection.state).toBe("closed");
    expect(harness.closed).toBe(1);
    expect(harness.budget.bytes).toBe(99_000);
  });

  test.each([START, START_RAW, frame(ClientCode.startRequest, "nobody"), header(5000)])(
    "any first word is survived (%#)",
    async (wire) => {
      const harness = setUp({ memoryBytesMax: 100 });
      harness.receive(wire);
      await nextTurn();
      expect(harness.refusals).toMatchObject({ memory_max: 1 });
      expect(harness.closed).toBe(1);
      expect(harness.budget.bytes).toBe(0);
    },
  );
});

describe("draining", () => {
  test("closes a connection that has not started", () => {
    const harness = setUp();
    harness.connection.drain();
    expect(harness.transport.state).toBe("shut");
  });

  test("ends an open communication once, and takes the client's end", async () => {
    const harness = setUp();
    harness.receive(START, data("a"));
    harness.connection.drain();
    harness.connection.drain();
    expect(await harness.texts()).toEqual(["1:", "5:a", "10:"]);
    harness.receive(END);
    expect(harness.transport.state).toBe("shut");
  });

  test("does nothing to one that is over", () => {
    const harness = setUp();
    harness.receive(START, END);
    harness.connection.onClose();
    harness.connection.drain();
    harness.connection.terminate();
    expect(harness.closed).toBe(1);
  });
});

test("spurious drains and ends change nothing", async () => {
  const harness = setUp();
  harness.connection.onDrain();
  harness.receive(START, data("a"));
  harness.connection.onDrain();
  harness.connection.onDrain();
  expect(await harness.texts()).toEqual(["1:", "5:a"]);
  harness.connection.onEnd();
  harness.connection.onEnd();
  harness.connection.onDrain();
  expect(harness.transport.state).toBe("shut");
  expect(harness.refusals).toEqual({});
});

test("the receiver is given who dialled", () => {
  const harness = setUp();
  const addresses: object[] = [];
  harness.registry.addRequest(
    "who",
    (address) => {
      addresses.push(address);
      return "";
    },
    "test",
  );
  harness.receive(frame(ClientCode.startRequest, "who"), data(""));
  expect(addresses).toEqual([CLIENT]);
});
