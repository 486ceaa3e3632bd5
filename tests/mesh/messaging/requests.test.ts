import { afterEach, describe, expect, test } from "bun:test";
import { ANY_NODE, type ServiceRequest } from "../../../mesh/messaging/messenger.ts";
import { nextTurn, rejection } from "../../helpers/turns.ts";
import { joined, Member, pair, type Way } from "./mesh-pair.ts";

const members: Member[] = [];

afterEach(() => {
  for (const member of members.splice(0)) {
    expect(member.problems).toEqual([]);
    const { waiting, deadlines } = member.messaging.sizes();
    expect([waiting, deadlines]).toEqual([0, 0]);
  }
});

async function two(limits = {}) {
  const joinedPair = await pair(limits);
  members.push(joinedPair.one, joinedPair.two);
  return joinedPair;
}

/** What becomes of the request once all is through. */
async function through(way: Way, request: Promise<unknown>): Promise<unknown> {
  const outcome = request.catch((error: unknown) => error);
  await way.settle();
  return await outcome;
}

/** A service that answers when it is told to. */
function heldService(member: Member, name: string) {
  const calls: { request: ServiceRequest; answer: PromiseWithResolvers<unknown> }[] = [];
  member.messaging.serve(name, (request) => {
    const answer = Promise.withResolvers<unknown>();
    calls.push({ request, answer });
    return answer.promise;
  });
  return calls;
}

describe.each(["another node", "the node itself"])("a request to %s", (which) => {
  async function setUp(limits = {}) {
    const { one, two: other, way } = await two(limits);
    return { one, way, server: which === "another node" ? other : one };
  }

  test("is answered, with values and with bytes", async () => {
    const { one, way, server } = await setUp();
    const asked: ServiceRequest[] = [];
    server.messaging.serve("double", (request) => {
      asked.push(request);
      const { payload } = request;
      return payload instanceof Uint8Array ? Buffer.concat([payload, payload]) : [payload, payload];
    });
    await way.settle();
    const ask = (payload: unknown): Promise<unknown> =>
      through(way, one.messaging.request(server.name, "double", payload));
    expect(await ask({ a: 1 })).toEqual([{ a: 1 }, { a: 1 }]);
    expect(await ask(Buffer.from("ab"))).toEqual(Buffer.from("abab"));
    expect(await ask(Buffer.alloc(100_000, 5))).toEqual(Buffer.alloc(200_000, 5));
    expect(asked[0]).toMatchObject({ service: "double", from: "kr-1", kind: "value" });
    expect(asked[1]).toMatchObject({ kind: "raw" });
    expect(one.messaging.status().requests).toEqual({
      asked: 3,
      answered: 3,
      failed: 0,
      late: 0,
      waiting: 0,
    });
    expect(server.messaging.status().served).toEqual({
      received: 3,
      answered: 3,
      failed: 0,
      refused: 0,
      serving: 0,
    });
  });

  test("shares nothing with the service that changes", async () => {
    const { one, way, server } = await setUp();
    const question = Buffer.from("abc");
    const answer = Buffer.from("xyz");
    const seen: unknown[] = [];
    server.messaging.serve("s", ({ bytes }) => {
      seen.push(bytes.toString());
      return answer;
    });
    await way.settle();
    const asked = one.messaging.request(server.name, "s", question);
    question.fill(0);
    const got = await through(
      way,
      asked.then((bytes) => (answer.fill(0), bytes)),
    );
    expect(seen).toEqual(["abc"]);
    expect(got).toEqual(Buffer.from("xyz"));
  });

  test("fails with the text of what the service threw, and no more", async () => {
    const { one, way, server } = await setUp();
    const failures = [new Error("no such player"), "text", new Error("x".repeat(5000)), undefined];
    server.messaging.serve("s", async ({ payload }) => {
      await nextTurn();
      throw failures[Number(payload)];
    });
    server.messaging.serve("at-once", () => {
      throw failures[0];
    });
    await way.settle();
    const fail = async (service: string, at: number): Promise<unknown> =>
      await through(way, one.messaging.request(server.name, service, at));
    const expected = expect.objectContaining({
      name: "MeshError",
      code: "remote_failure",
      message: `the service "s" of "${server.name}" failed: no such player`,
    });
    expect(await fail("s", 0)).toEqual(expected);
    expect(await fail("at-once", 0)).toMatchObject({ code: "remote_failure" });
    expect(await fail("s", 1)).toMatchObject({ message: expect.stringContaining("failed: text") });
    expect(String(await fail("s", 2)).length).toBeLessThan(1200);
    expect(await fail("s", 3)).toMatchObject({ code: "remote_failure" });
    expect(server.errors).toHaveLength(5);
  });

  test("fails if the answer cannot be sent", async () => {
    const { one, way, server } = await setUp({ meshPayloadBytesMax: 1000 });
    server.messaging.serve("odd", () => () => {});
    server.messaging.serve("long", () => Buffer.alloc(1001));
    server.messaging.serve("hostile", () =>
      // oxlint-disable-next-line unicorn/no-thenable -- that is the fault
      Object.defineProperty({}, "then", {
        get: () => {
          throw new Error("do not look");
        },
      }),
    );
    await way.settle();
    for (const [service, text] of [
      ["odd", "type Function"],
      ["hostile", "do not look"],
      ["long", "1001 bytes"],
    ] as const) {
      const error = await through(way, one.messaging.request(server.name, service, null));
      expect(error).toMatchObject({
        code: "remote_failure",
        message: expect.stringContaining(text),
      });
    }
  });

  test("is over when its time is, and the service is told", async () => {
    const { one, way, server } = await setUp();
    const calls = heldService(server, "s");
    await way.settle();
    const request = one.messaging.request(server.name, "s", 1, { timeoutMs: 500 });
    const failed = rejection(request);
    await way.settle();
    expect(calls[0]?.request.signal.aborted).toBe(false);
    one.clock.advance(499);
    await nextTurn();
    expect(one.messaging.status().requests.waiting).toBe(1);
    one.clock.advance(11);
    expect(await failed).toMatchObject({
      code: "request_timeout",
      message: expect.stringContaining(
        `the service "s" of "${server.name}" did not answer in 500 ms`,
      ),
    });
    await way.settle();
    expect(calls[0]?.request.signal.aborted).toBe(true);
    calls[0]?.answer.resolve("late");
    await way.settle();
    expect(server.messaging.status().served).toMatchObject({ serving: 0, answered: 1 });
    expect(server.messaging.sizes()).toMatchObject({ callers: 0 });
  });

  test("is given up by its signal, and the service is told", async () => {
    const { one, way, server } = await setUp();
    const calls = heldService(server, "s");
    await way.settle();
    const abort = new AbortController();
    const failed = rejection(one.messaging.request(server.name, "s", 1, { signal: abort.signal }));
    await way.settle();
    abort.abort(new Error("enough"));
    expect(await failed).toMatchObject({
      code: "cancelled",
      message: 'the request to "s" was cancelled',
      cause: new Error("enough"),
    });
    await way.settle();
    // Asked for only now, and yet it knows.
    expect(calls[0]?.request.signal.aborted).toBe(true);
    expect(calls[0]?.request.signal.reason).toMatchObject({ code: "cancelled" });
    calls[0]?.answer.reject(new Error("late"));
    await way.settle();
    // What is late is not even sent.
    expect(one.messaging.status().requests).toMatchObject({ failed: 1, late: 0 });
    const before = one.messaging.request(server.name, "s", 1, { signal: abort.signal });
    expect(await rejection(before)).toMatchObject({ code: "cancelled" });
    expect(calls).toHaveLength(1);
    expect(one.messaging.sizes()).toMatchObject({ waiting: 0, callers: 0 });
  });

  test("leaves nothing on a signal that many requests share", async () => {
    const { one, way, server } = await setUp();
    server.messaging.serve("s", () => 1);
    await way.settle();
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    const requests = [1, 2].map((each) =>
      one.messaging.request(server.name, "s", each, { signal }),
    );
    expect(listeners).toBe(2);
    expect(await through(way, Promise.all(requests))).toEqual([1, 1]);
    expect(listeners).toBe(0);
  });

  test("beyond what may be answered at once is refused without a call", async () => {
    const { one, way, server } = await setUp({ meshRequestsPerNodeMax: 2 });
    const calls = heldService(server, "s");
    await way.settle();
    const held = [1, 2].map((payload) => one.messaging.request(server.name, "s", payload));
    expect(await through(way, one.messaging.request(server.name, "s", 3))).toMatchObject({
      code: "remote_busy",
      message: expect.stringContaining(
        "2 requests of this node are being answered; ask again later",
      ),
    });
    expect(calls).toHaveLength(2);
    for (const { answer } of calls) answer.resolve("ok");
    expect(await through(way, Promise.all(held))).toEqual(["ok", "ok"]);
    const again = one.messaging.request(server.name, "s", 4);
    await way.settle();
    calls[2]?.answer.resolve("ok");
    expect(await through(way, again)).toBe("ok");
    expect(server.messaging.status().served).toMatchObject({ refused: 1, serving: 0 });
  });

  test("counts a service at work though nobody waits any more", async () => {
    const { one, way, server } = await setUp({ meshRequestsPerNodeMax: 1 });
    const calls = heldService(server, "s");
    await way.settle();
    const abort = new AbortController();
    const given = rejection(one.messaging.request(server.name, "s", 1, { signal: abort.signal }));
    await way.settle();
    abort.abort();
    await given;
    const refused = await through(way, one.messaging.request(server.name, "s", 2));
    expect(refused).toMatchObject({ code: "remote_busy" });
    calls[0]?.answer.resolve(undefined);
    await way.settle();
    const taken = one.messaging.request(server.name, "s", 3);
    await way.settle();
    calls[1]?.answer.resolve(undefined);
    expect(await through(way, taken)).toBeNull();
  });

  test("beyond what may wait is refused", async () => {
    const { one, way, server } = await setUp({ meshRequestsMax: 2 });
    const calls = heldService(server, "s");
    await way.settle();
    const held = [1, 2].map((payload) => one.messaging.request(server.name, "s", payload));
    expect(await rejection(one.messaging.request(server.name, "s", 3))).toMatchObject({
      code: "too_many_requests",
      message: expect.stringContaining("2 requests of this node wait for their replies already"),
    });
    await way.settle();
    for (const { answer } of calls) answer.resolve(0);
    expect(await through(way, Promise.all(held))).toEqual([0, 0]);
  });

  test("is cancelled when the node stops", async () => {
    const { one, way, server } = await setUp();
    const calls = heldService(server, "s");
    await way.settle();
    const failed = rejection(one.messaging.request(server.name, "s", 1));
    await way.settle();
    one.messaging.close();
    expect(await failed).toMatchObject({ code: "cancelled" });
    await way.settle();
    expect(calls[0]?.request.signal.aborted).toBe(true);
  });

  test("is over for its service in time, also if no cancel comes", async () => {
    const { one, way, server } = await setUp();
    const calls = heldService(server, "s");
    await way.settle();
    const request = rejection(one.messaging.request(server.name, "s", 1, { timeoutMs: 500 }));
    await way.settle();
    server.clock.advance(520);
    expect(calls[0]?.request.signal.aborted).toBe(true);
    one.clock.advance(520);
    await request;
    await way.settle();
  });
});

describe("whom to ask", () => {
  test("a node or a service that nobody knows is refused at once", async () => {
    const { one } = await two();
    expect(await rejection(one.messaging.request("kr-9", "s", 1))).toMatchObject({
      code: "unknown_node",
      message: 'no node named "kr-9" is up; is the name right, and does it run?',
    });
    for (const node of ["kr-2", "kr-1"]) {
      expect(await rejection(one.messaging.request(node, "s", 1))).toMatchObject({
        code: "unknown_service",
        message: `the node "${node}" does not serve "s"; start what does there`,
      });
    }
    expect(await rejection(one.messaging.request(ANY_NODE, "s", 1))).toMatchObject({
      code: "unknown_service",
      message: 'no node that is up serves "s"; start what does on one of them',
    });
    expect(await rejection(one.messaging.request("kr-2", "a b", 1))).toMatchObject({
      code: "invalid_topic",
      message: expect.stringContaining('the service "a b" contains white space'),
    });
    for (const timeoutMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      const error = await rejection(one.messaging.request("kr-2", "s", 1, { timeoutMs }));
      expect(error).toMatchObject({ code: "invalid_option" });
    }
  });

  test("any node: this one first, then each of those that offer it", async () => {
    const nodes = ["a", "b", "c", "d"].map((name) => new Member(name));
    members.push(...nodes);
    const asked: string[] = [];
    const serve = (node: Member | undefined) =>
      node?.messaging.serve("who", () => {
        asked.push(node.name);
        return node.name;
      });
    serve(nodes[1]);
    serve(nodes[2]);
    const ways = await joined(nodes);
    const ask = async (times: number): Promise<void> => {
      const requests = Array.from({ length: times }, () =>
        nodes[0]?.messaging.request(ANY_NODE, "who", 1),
      );
      for (const way of ways) await way.settle();
      for (const request of requests) await request;
    };
    await ask(60);
    expect(new Set(asked.splice(0))).toEqual(new Set(["b", "c"]));
    ways[0]?.there.fill();
    await ask(20);
    expect(new Set(asked.splice(0))).toEqual(new Set(["c"]));
    const own = serve(nodes[0]);
    await ask(20);
    expect(new Set(asked.splice(0))).toEqual(new Set(["a"]));
    own?.remove();
    ways[0]?.there.drain();
    await ask(20);
    expect(asked).not.toContain("a");
  });

  test("a service that has just gone is known to be unknown by its answer", async () => {
    const { one, two: other, way } = await two();
    const service = other.messaging.serve("s", () => 1);
    await way.settle();
    const asked = one.messaging.request("kr-2", "s", 1);
    service.remove();
    expect(await through(way, asked)).toMatchObject({ code: "unknown_service" });
    expect(await rejection(one.messaging.request("kr-2", "s", 1))).toMatchObject({
      message: 'the node "kr-2" does not serve "s"; start what does there',
    });
  });
});

describe("a way that is lost", () => {
  test.each(["cutAndReopen", "down"] as const)(
    "%s: its requests fail; services are told if the node is gone",
    async (loss) => {
      const { one, two: other, way } = await two();
      const calls = heldService(other, "s");
      await way.settle();
      const requests = [1, 2].map((payload) =>
        rejection(one.messaging.request("kr-2", "s", payload)),
      );
      await way.settle();
      way[loss]();
      for (const error of await Promise.all(requests)) {
        expect(error).toMatchObject({
          code: "node_lost",
          message:
            'the way to "kr-2" was lost before "s" answered; it may have done what was asked; ask again ' +
            "if that does no harm",
        });
      }
      const isOver = loss === "down";
      expect(calls.map(({ request }) => request.signal.aborted)).toEqual([isOver, isOver]);
      for (const { answer } of calls) answer.resolve("too late");
      await way.settle();
      // By the new way the answers come, and nobody takes them for those of other requests.
      const late = isOver ? 0 : 2;
      expect(one.messaging.status().requests).toMatchObject({ late, waiting: 0, failed: 2 });
      expect(other.messaging.sizes()).toMatchObject({ callers: 0, serving: 0 });
      if (isOver) {
        expect(await rejection(one.messaging.request("kr-2", "s", 1))).toMatchObject({
          code: "unknown_node",
        });
        return;
      }
      const again = one.messaging.request("kr-2", "s", 3);
      await way.settle();
      calls[2]?.answer.resolve("here");
      expect(await through(way, again)).toBe("here");
    },
  );

  test("what cannot be queued is refused, not kept", async () => {
    const { one, two: other, way } = await two();
    other.messaging.serve("s", () => 1);
    await way.settle();
    way.there.fill();
    way.there.isFull = true;
    expect(await rejection(one.messaging.request("kr-2", "s", 1))).toMatchObject({
      code: "queue_full",
      message: 'the request to "s" was not sent: too much waits for "kr-2"; wait for drained()',
    });
    // A long one may not fit where a short one would.
    way.there.hasRoom = true;
    expect(await rejection(one.messaging.request("kr-2", "s", 1))).toMatchObject({
      code: "queue_full",
    });
    way.there.isDown = true;
    expect(await rejection(one.messaging.request("kr-2", "s", 1))).toMatchObject({
      code: "node_lost",
    });
    way.there.isDown = false;
    way.there.drain();
    expect(await through(way, one.messaging.request("kr-2", "s", 1))).toBe(1);
  });

  test("an answer that cannot be queued is told by a short one", async () => {
    const { one, two: other, way } = await two();
    other.messaging.serve("s", () => Buffer.alloc(100_000));
    await way.settle();
    way.back.isFull = true;
    expect(await through(way, one.messaging.request("kr-2", "s", 1))).toMatchObject({
      code: "remote_busy",
      message: expect.stringContaining("too much waits for the node that asked"),
    });
  });
});

describe("serve", () => {
  test("a name has one service, and its holder is named", async () => {
    const { one } = await two();
    const first = one.messaging.serve("s", () => 1, "plugin score");
    expect(() => one.messaging.serve("s", () => 1, "plugin rank")).toThrow(
      expect.objectContaining({
        code: "name_taken",
        message:
          'requests for "s" are already answered by plugin score; plugin rank must choose another name, ' +
          "or plugin score must be unloaded first",
      }),
    );
    expect(() => one.messaging.serve("s", () => 1, "plugin score")).toThrow(
      'requests for "s" are already answered by plugin score itself; choose another name, or remove the first',
    );
    first.remove();
    const second = one.messaging.serve("s", () => 1, "plugin rank");
    first.remove();
    expect(one.messaging.status().services).toEqual(["s"]);
    second.remove();
    expect(() => one.messaging.serve("a.*", () => 1)).toThrow(
      'the service "a.*" contains a wildcard',
    );
  });

  test("1,000 services are offered, and one more is refused", async () => {
    const { one, two: other, way } = await two();
    for (let count = 0; count < 1000; count += 1) {
      one.messaging.serve(`${"s".repeat(200)}.${count}`, () => count);
    }
    expect(() => one.messaging.serve("s", () => 1, "plugin rank")).toThrow(
      'plugin rank cannot serve "s": this node serves 1000 names',
    );
    way.cutAndReopen();
    await way.settle();
    expect(await through(way, other.messaging.request("kr-1", `${"s".repeat(200)}.999`, 1))).toBe(
      999,
    );
  });
});
