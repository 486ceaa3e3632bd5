import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { CcpError } from "../../src/errors.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import type { Registration, Reply } from "../../src/receivers.ts";
import { frame, parseFrames, pattern } from "../helpers/frames.ts";
import { CLIENT, ServerHarness } from "../helpers/server-harness.ts";
import { nextTurn } from "../helpers/turns.ts";

const START = frame(ClientCode.startRequest, "plugin");
const END = frame(ClientCode.end);

function data(text: string | Uint8Array): Buffer {
  return frame(ClientCode.data, text);
}

type Limits = ConstructorParameters<typeof ServerHarness>[0];

/** A communication whose callbacks are answered by the test, in any order. */
class Asked {
  readonly harness: ServerHarness;
  readonly registration: Registration;
  readonly requests: string[] = [];
  readonly answers: PromiseWithResolvers<Reply>[] = [];

  constructor(limits: Limits = {}) {
    this.harness = new ServerHarness(limits);
    this.registration = this.harness.registry.addRequest(
      "plugin",
      (_address, bytes) => {
        const answer = Promise.withResolvers<Reply>();
        this.requests.push(bytes.toString());
        this.answers.push(answer);
        return answer.promise;
      },
      "the owner",
    );
    this.harness.receive(START);
  }

  answer(index: number, reply: Reply): void {
    this.answers[index]?.resolve(reply);
  }
}

/** A communication whose callback is `callback`, whatever it returns. */
function withCallback(callback: (data: Buffer) => unknown, limits: Limits = {}): ServerHarness {
  const harness = new ServerHarness(limits);
  // Plugins in plain JavaScript may return anything; the types would not let the test do so.
  const untyped: { readonly receiver: (address: object, data: Buffer) => Reply } = {
    receiver: (_address, bytes) => asReply(callback(bytes)),
  };
  harness.registry.addRequest("plugin", untyped.receiver, "the owner");
  harness.receive(START);
  return harness;
}

/** Passes off anything as a reply, as a plugin without types can. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the very mistake under test
const asReply = (value: unknown): Reply => value as Reply;

describe("replies", () => {
  test("are bytes as they are and strings as UTF-8", async () => {
    const harness = withCallback((bytes) => (bytes.length === 1 ? bytes : "héllo"));
    harness.receive(data(Buffer.from([0xff])), data("ab"));
    const frames = await harness.sent();
    expect(frames.slice(1).map((reply) => reply.data.toString("hex"))).toEqual([
      "ff",
      "68c3a96c6c6f",
    ]);
  });

  test("leave in the order of the requests, whatever the order of the answers", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), data("b"), data("c"));
    asked.answer(2, "C");
    asked.answer(1, "B");
    expect(await asked.harness.texts()).toEqual(["1:"]);
    asked.answer(0, "A");
    expect(await asked.harness.texts()).toEqual(["1:", "5:A", "5:B", "5:C"]);
    expect(asked.harness.budget.bytes).toBe(0);
  });

  test("that are there at once wait for those that are not", async () => {
    const slow = Promise.withResolvers<string>();
    const harness = withCallback((bytes) => (bytes.toString() === "slow" ? slow.promise : bytes));
    harness.receive(data("a"), data("slow"), data("b"), data("c"));
    expect(await harness.texts()).toEqual(["1:", "5:a"]);
    slow.resolve("SLOW");
    expect(await harness.texts()).toEqual(["1:", "5:a", "5:SLOW", "5:b", "5:c"]);
    harness.receive(data("d"));
    expect(await harness.texts()).toEqual(["1:", "5:a", "5:SLOW", "5:b", "5:c", "5:d"]);
    expect(harness.budget.bytes).toBe(0);
  });

  test("from a thenable are replies", async () => {
    const harness = withCallback((bytes) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested
      then: (resolve: (reply: Buffer) => void) => resolve(bytes),
    }));
    harness.receive(data("a"), data("b"));
    expect(await harness.texts()).toEqual(["1:", "5:a", "5:b"]);
  });

  test("large and small, however the transport takes them, never mix", async () => {
    const asked = new Asked({ requestsInFlightMax: 2, sendHighWaterBytes: 50_000 });
    const wire = Array.from({ length: 12 }, (_, index) => data(`${index}`));
    asked.harness.receive(...wire);
    const sizes = [100_000, 3, 70_000, 70_000, 0, 65_533, 65_537, 5, 131_072, 9, 90_000, 1];
    for (const [index, size] of sizes.entries()) {
      // The second of each pair first, so that both leave at once.
      const which = index % 2 === 0 ? index + 1 : index - 1;
      asked.answer(which, pattern(sizes[which] ?? size, which + 1));
      await nextTurn();
    }
    const frames = (await asked.harness.sent()).slice(1);
    expect(frames.map((reply) => reply.data.length)).toEqual(sizes);
    frames.forEach((reply, index) => {
      expect(reply.data.equals(pattern(reply.data.length, index + 1))).toBe(true);
    });
  });

  test("that are sent while others wait never tear a large one apart", async () => {
    const first = Promise.withResolvers<Buffer>();
    const harness = withCallback(
      (bytes) => (bytes.toString() === "0" ? first.promise : `reply ${bytes.toString()}`),
      { requestsInFlightMax: 1 },
    );
    harness.receive(...Array.from({ length: 5 }, (_, index) => data(`${index}`)));
    first.resolve(pattern(100_000));
    const frames = await harness.sent();
    expect(frames.map((reply) => reply.data.length)).toEqual([0, 100_000, 7, 7, 7, 7]);
  });

  test("for any mixture of sync and async answers come in order", async () => {
    const kinds = fc.array(fc.constantFrom("now", "later", "large", "turn"), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.integer({ min: 1, max: 5 }), async (kinds, inFlightMax) => {
        const harness = withCallback(
          (bytes) => {
            const index = Number(bytes.toString());
            const kind = kinds[index];
            const reply = kind === "large" ? Buffer.alloc(66_000, index) : `${index}`;
            if (kind === "now") return reply;
            if (kind === "turn") return nextTurn().then(() => reply);
            return Promise.resolve(reply);
          },
          { requestsInFlightMax: inFlightMax },
        );
        harness.receive(...kinds.map((_, index) => data(`${index}`)), END);
        for (let turns = 0; turns < 100 && harness.transport.state === "open"; turns += 1) {
          await nextTurn();
        }
        const replies = parseFrames(harness.transport.taken).slice(1);
        expect(
          replies.map((reply) => (reply.data.length < 9 ? Number(reply.data) : reply.data[0])),
        ).toEqual([...kinds.keys()]);
        expect(harness.transport.state).toBe("shut");
        expect(harness.budget.bytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a callback that fails ends the communication with a communication error", () => {
  const failure = new Error("boom");
  test.each([
    [
      "throws",
      () => {
        throw failure;
      },
      failure,
    ],
    ["rejects", () => Promise.reject(failure), failure],
    [
      "returns a thenable that throws",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what is tested
        then: () => {
          throw failure;
        },
      }),
      failure,
    ],
    ["returns a number", () => 5, "only bytes or a string can be sent, not a value of type number"],
    ["returns nothing", () => {}, "only bytes or a string can be sent, not undefined"],
    [
      "resolves with null",
      () => Promise.resolve(null),
      "only bytes or a string can be sent, not null",
    ],
    ["returns an array", () => [1], "only bytes or a string can be sent, not an array"],
  ])("when it %s", async (_name, callback, expected) => {
    const harness = withCallback(callback);
    harness.receive(data("x"), END);
    await nextTurn();
    expect(await harness.codes()).toEqual([ServerCode.accepted, ServerCode.communicationError]);
    expect(harness.transport.state).toBe("shut");
    expect(harness.errors.length).toBe(1);
    const [{ error, context } = { error: undefined, context: undefined }] = harness.errors;
    expect(error instanceof CcpError ? error.message : error).toBe(expected);
    expect(context).toEqual({ name: "plugin", owner: "the owner", address: CLIENT });
    expect(harness.counters.receiverErrors).toBe(1);
    expect(harness.refusals).toEqual({});
    expect(harness.budget.bytes).toBe(0);
  });

  test("once, though others in flight fail as well, and what they answer is dropped", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), data("b"), data("c"));
    asked.answers[1]?.reject(failure);
    await nextTurn();
    asked.answers[2]?.reject(failure);
    asked.answer(0, "A");
    expect(await asked.harness.codes()).toEqual([
      ServerCode.accepted,
      ServerCode.communicationError,
    ]);
    expect(asked.harness.errors.length).toBe(1);
    expect(asked.harness.budget.bytes).toBe(0);
  });

  test("when it does not answer in time", async () => {
    const asked = new Asked({ callbackTimeoutMs: 1000 });
    asked.harness.receive(data("a"));
    asked.harness.pass(500);
    asked.harness.receive(data("b"));
    asked.answer(1, "B");
    await nextTurn();
    asked.harness.pass(499);
    expect(await asked.harness.codes()).toEqual([ServerCode.accepted]);
    asked.harness.pass(1);
    expect(await asked.harness.codes()).toEqual([
      ServerCode.accepted,
      ServerCode.communicationError,
    ]);
    expect(asked.harness.refusals).toEqual({ callback_timeout: 1 });
    const [first] = asked.harness.errors;
    expect(first?.error).toMatchObject({
      code: "request_timeout",
      message: "the callback did not answer within 1000 ms",
    });
    expect(asked.harness.budget.bytes).toBe(0);
    asked.answer(0, "too late");
    expect((await asked.harness.codes()).length).toBe(2);
  });
});

describe("in flight", () => {
  test("are at most as many requests as the limit says; then reading stops", async () => {
    const asked = new Asked({ requestsInFlightMax: 3 });
    asked.harness.receive(...["a", "b", "c", "d", "e"].map(data));
    asked.harness.receive(data("f"));
    expect(asked.requests).toEqual(["a", "b", "c"]);
    expect(asked.harness.transport.paused).toBe(true);
    asked.answer(0, "A");
    await nextTurn();
    expect(asked.requests).toEqual(["a", "b", "c", "d"]);
    asked.answer(1, "B");
    asked.answer(2, "C");
    await nextTurn();
    expect(asked.requests).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(asked.harness.transport.paused).toBe(false);
    for (const index of [3, 4, 5]) asked.answer(index, `${index}`);
    expect((await asked.harness.texts()).slice(4)).toEqual(["5:3", "5:4", "5:5"]);
    expect(asked.harness.budget.bytes).toBe(0);
  });

  test("are at most as many bytes as the limit says", () => {
    const asked = new Asked({ requestBytesInFlightMax: 120 });
    // The first keeps the chunk of 117 bytes, the second only itself, and the third must wait.
    asked.harness.receive(data("x".repeat(99)), data("y".repeat(5)), data("z"));
    expect(asked.requests.length).toBe(2);
  });

  test("requests are counted against the memory of all, and closed without it", async () => {
    const asked = new Asked({ memoryBytesMax: 10_000 });
    asked.harness.receive(data(pattern(3000)));
    expect(asked.harness.budget.bytes).toBeGreaterThanOrEqual(3000);
    asked.harness.receive(data(pattern(3000)));
    asked.answers[1]?.reject(new Error("nobody waits for this"));
    asked.harness.receive(data(pattern(3500)));
    asked.answers[2]?.reject(new Error("nor for this"));
    await nextTurn();
    expect(asked.harness.refusals).toEqual({ memory_max: 1 });
    expect(asked.harness.budget.bytes).toBe(0);
    expect(asked.harness.closed).toBe(1);
  });

  test("answers that wait for an earlier one are bounded too", async () => {
    const asked = new Asked({ sendQueueBytesMax: 1000 });
    asked.harness.receive(data("a"), data("b"));
    asked.answer(1, pattern(1001));
    await nextTurn();
    expect(asked.harness.refusals).toEqual({ send_queue_full: 1 });
    expect(asked.harness.budget.bytes).toBe(0);
  });

  test("requests are answered after the client's FIN, then it is closed", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), data("b"));
    asked.harness.connection.onEnd();
    expect(asked.harness.transport.state).toBe("open");
    asked.answer(1, "B");
    asked.answer(0, "A");
    expect(await asked.harness.texts()).toEqual(["1:", "5:A", "5:B"]);
    expect(asked.harness.transport.state).toBe("shut");
    expect(asked.harness.refusals).toEqual({});
  });

  test("requests are answered after the client's end, and what follows the end is not", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), END, data("after"));
    expect(asked.requests).toEqual(["a"]);
    asked.answer(0, "A");
    expect(await asked.harness.texts()).toEqual(["1:", "5:A"]);
    expect(asked.harness.transport.state).toBe("shut");
    expect(asked.harness.transport.paused).toBe(false);
    expect(asked.harness.budget.bytes).toBe(0);
  });

  test("and held requests are all answered when the FIN came before they were read", async () => {
    const harness = withCallback((bytes) => Promise.resolve(bytes), { requestsInFlightMax: 1 });
    harness.receive(data("a"), data("b"), data("c"));
    harness.connection.onEnd();
    for (let turns = 0; turns < 10; turns += 1) await nextTurn();
    expect(await harness.texts()).toEqual(["1:", "5:a", "5:b", "5:c"]);
    expect(harness.transport.state).toBe("shut");
  });

  test("and held requests that are answered at once are too", async () => {
    const slow = Promise.withResolvers<string>();
    const harness = withCallback((bytes) => (bytes.toString() === "a" ? slow.promise : bytes), {
      requestsInFlightMax: 1,
    });
    harness.receive(data("a"), data("b"), data("c"), data("d"));
    harness.connection.onEnd();
    slow.resolve("A");
    for (let turns = 0; turns < 10; turns += 1) await nextTurn();
    expect(await harness.texts()).toEqual(["1:", "5:A", "5:b", "5:c", "5:d"]);
    expect(harness.transport.state).toBe("shut");
  });

  test("and held requests are too while an earlier one still waits", async () => {
    const slow = new Map<string, PromiseWithResolvers<string>>();
    for (const name of ["a", "b", "c"]) slow.set(name, Promise.withResolvers());
    const harness = withCallback((bytes) => slow.get(bytes.toString())?.promise ?? bytes, {
      requestsInFlightMax: 3,
    });
    harness.receive(...["a", "b", "c", "d", "e", "f"].map(data));
    harness.connection.onEnd();
    for (const name of ["b", "a", "c"]) {
      slow.get(name)?.resolve(name.toUpperCase());
      await nextTurn();
    }
    expect(await harness.texts()).toEqual(["1:", "5:A", "5:B", "5:C", "5:d", "5:e", "5:f"]);
    expect(harness.transport.state).toBe("shut");
  });

  test("requests are dropped when the connection is lost", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"));
    asked.harness.connection.onClose();
    expect(asked.harness.budget.bytes).toBe(0);
    asked.answers[0]?.reject(new Error("nobody waits for this"));
    await nextTurn();
    expect(asked.harness.errors).toEqual([]);
  });

  test("requests are answered when the endpoint drains, then it ends the communication", async () => {
    const asked = new Asked();
    asked.harness.receive(data("a"), data("b"));
    asked.harness.connection.drain();
    expect(await asked.harness.texts()).toEqual(["1:"]);
    asked.answer(0, "A");
    asked.answer(1, "B");
    expect(await asked.harness.texts()).toEqual(["1:", "5:A", "5:B", "10:"]);
    asked.harness.receive(END);
    expect(asked.harness.transport.state).toBe("shut");
    expect(asked.harness.refusals).toEqual({});
  });
});

describe("a plugin that is unloaded", () => {
  test("answers nobody home at once to requests in flight, and leaves nothing behind", async () => {
    const asked = new Asked();
    const entry = asked.harness.registry.request("plugin");
    asked.harness.receive(data("a"));
    asked.registration.remove();
    asked.answer(0, "A");
    expect(await asked.harness.codes()).toEqual([ServerCode.accepted, ServerCode.nobodyHome]);
    expect(asked.harness.budget.bytes).toBe(0);
    expect(entry?.users.size).toBe(0);
    asked.harness.receive(END);
    expect(asked.harness.transport.state).toBe("shut");
  });

  test("answers nobody home to the next request", async () => {
    const asked = new Asked();
    asked.registration.remove();
    expect(await asked.harness.codes()).toEqual([ServerCode.accepted]);
    asked.harness.receive(data("a"));
    expect(await asked.harness.codes()).toEqual([ServerCode.accepted, ServerCode.nobodyHome]);
    expect(asked.requests).toEqual([]);
  });

  test("and loaded again answers as if nothing had happened", async () => {
    const asked = new Asked();
    asked.registration.remove();
    asked.harness.registry.addRequest("plugin", () => "new", "the owner");
    asked.harness.receive(data("a"));
    expect(await asked.harness.texts()).toEqual(["1:", "5:new"]);
  });

  test.each(["now", "later", "rejects"])(
    "from within its own callback, which answers %s, sends nothing after nobody home",
    async (when) => {
      const pending = Promise.withResolvers<Reply>();
      const harness = new ServerHarness();
      const registration = harness.registry.addRequest(
        "plugin",
        (_address, bytes) => {
          if (bytes.toString() === "wait") return pending.promise;
          registration.remove();
          if (when === "rejects") return Promise.reject(new Error("nobody waits for this"));
          return when === "now" ? "x" : Promise.resolve("x");
        },
        "test",
      );
      harness.receive(START, data("wait"), data("unload"));
      await nextTurn();
      expect(await harness.codes()).toEqual([ServerCode.accepted, ServerCode.nobodyHome]);
      expect(harness.budget.bytes).toBe(0);
    },
  );
});
