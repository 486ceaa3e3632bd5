import { describe, expect, test } from "bun:test";
import { CcpError } from "../../src/errors.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import {
  type RawChannel,
  type RawCloseReason,
  RawReceiver,
  type Registration,
} from "../../src/receivers.ts";
import { frame } from "../helpers/frames.ts";
import { CLIENT, ServerHarness } from "../helpers/server-harness.ts";
import { nextTurn } from "../helpers/turns.ts";

const START = frame(ClientCode.startRaw, "plugin");
const END = frame(ClientCode.end);

function data(text: string | Uint8Array): Buffer {
  return frame(ClientCode.data, text);
}

/** What the receiver under test does at each moment; by itself, nothing. */
interface Script {
  making?: (receiver: RawReceiver) => void;
  data?: (receiver: RawReceiver, text: string) => void | Promise<void>;
  aborted?: () => void | Promise<void>;
  closed?: (receiver: RawReceiver) => void | Promise<void>;
}

class Scene {
  readonly harness: ServerHarness;
  readonly registration: Registration;
  readonly log: string[] = [];
  receiver: RawReceiver | undefined;

  constructor(script: Script = {}, limits: ConstructorParameters<typeof ServerHarness>[0] = {}) {
    this.harness = new ServerHarness(limits);
    const { log } = this;
    const made = (receiver: RawReceiver): void => {
      this.receiver = receiver;
    };
    class Receiver extends RawReceiver {
      constructor(channel: RawChannel) {
        super(channel);
        made(this);
        script.making?.(this);
      }

      override onDataReceived(bytes: Buffer): void | Promise<void> {
        log.push(`data ${bytes.toString()}`);
        return script.data?.(this, bytes.toString());
      }

      // oxlint-disable-next-line typescript/no-misused-promises -- plugins do so all the same
      override onConnectionAbort(): void | Promise<void> {
        log.push("abort");
        return script.aborted?.();
      }

      // oxlint-disable-next-line typescript/no-misused-promises -- plugins do so all the same
      override onClosed(reason: RawCloseReason): void | Promise<void> {
        log.push(`closed ${reason}`);
        return script.closed?.(this);
      }
    }
    this.registration = this.harness.registry.addRaw("plugin", Receiver, "the owner");
  }

  start(...more: readonly Buffer[]): this {
    this.harness.receive(START, ...more);
    return this;
  }

  get users(): number {
    return this.harness.registry.raw("plugin")?.users.size ?? 0;
  }
}

describe("a raw communication", () => {
  test("carries messages either way at any time", async () => {
    const scene = new Scene({ data: (receiver, text) => void receiver.sendData(`got ${text}`) });
    scene.start(data("a"));
    scene.receiver?.sendData("héllo");
    expect(await scene.harness.texts()).toEqual(["1:", "5:got a", "5:héllo"]);
    expect(scene.receiver?.address).toEqual(CLIENT);
    expect(scene.users).toBe(1);
  });

  test("closes with the client's end, after what is queued", async () => {
    const scene = new Scene({ data: (receiver) => void receiver.sendData("last") });
    scene.start(data("a"), END);
    expect(await scene.harness.texts()).toEqual(["1:", "5:last"]);
    expect(scene.harness.transport.state).toBe("shut");
    scene.harness.connection.onClose();
    expect(scene.log).toEqual(["data a", "closed ended"]);
    expect(scene.users).toBe(0);
  });

  test("is aborted by the client's FIN without an end", async () => {
    const scene = new Scene().start();
    scene.harness.connection.onEnd();
    scene.harness.connection.onClose();
    expect(scene.log).toEqual(["abort", "closed aborted"]);
    expect(scene.users).toBe(0);
  });

  test("is aborted by the loss of the connection", () => {
    const scene = new Scene().start();
    scene.harness.connection.onClose();
    expect(scene.log).toEqual(["abort", "closed aborted"]);
  });

  test("is aborted when the endpoint gives the connection up", () => {
    const scene = new Scene({}, { messageTimeoutMs: 10 }).start(data("abc").subarray(0, 4));
    scene.harness.pass(0);
    scene.harness.pass(10);
    expect(scene.log).toEqual(["abort", "closed aborted"]);
    expect(scene.harness.refusals).toEqual({ message_timeout: 1 });
  });

  test("fails when the client breaks the protocol", () => {
    const scene = new Scene().start(START);
    expect(scene.log).toEqual(["closed failed"]);
  });

  test("ends when the endpoint drains", async () => {
    const scene = new Scene().start();
    scene.harness.connection.drain();
    expect(await scene.harness.codes()).toEqual([ServerCode.accepted, ServerCode.end]);
    expect(scene.log).toEqual(["closed stopped"]);
  });

  test("meets nobody home when its plugin is unloaded", async () => {
    const scene = new Scene().start();
    scene.registration.remove();
    expect(await scene.harness.codes()).toEqual([ServerCode.accepted, ServerCode.nobodyHome]);
    expect(scene.log).toEqual(["closed unloaded"]);
    scene.harness.receive(END);
    expect(scene.harness.transport.state).toBe("shut");
  });

  test("that stops sends its end, and the rest of the chunk is not for it any more", async () => {
    const scene = new Scene({ data: (receiver) => receiver.stop() });
    scene.start(data("a"), END);
    scene.receiver?.stop();
    expect(await scene.harness.codes()).toEqual([ServerCode.accepted, ServerCode.end]);
    expect(scene.log).toEqual(["data a", "closed stopped"]);
    expect(scene.harness.transport.state).toBe("shut");
  });

  test("that stops and goes on working still hears the client's end", async () => {
    const forever = Promise.withResolvers<void>();
    const scene = new Scene({
      data: (receiver) => {
        receiver.sendData("x".repeat(65_530));
        receiver.stop();
        return forever.promise;
      },
    });
    scene.start(data("a"));
    await nextTurn();
    scene.harness.receive(END);
    expect(scene.harness.transport.state).toBe("shut");
  });

  test("that is over sends nothing more", () => {
    const scene = new Scene().start(END);
    let error: unknown;
    try {
      scene.receiver?.sendData("x");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CcpError);
    expect(error).toMatchObject({
      code: "communication_ended",
      message: "the communication is over; nothing was sent",
    });
    scene.receiver?.stop();
    expect(scene.log).toEqual(["closed ended"]);
  });
});

describe("while the receiver is being made", () => {
  test("it may send, after the acceptance", async () => {
    const scene = new Scene({ making: (receiver) => void receiver.sendData("welcome") }).start();
    expect(await scene.harness.texts()).toEqual(["1:", "5:welcome"]);
    expect(scene.harness.counters.communications).toBe(1);
  });

  test("it may stop", async () => {
    const scene = new Scene({ making: (receiver) => receiver.stop() }).start(END);
    expect(await scene.harness.codes()).toEqual([ServerCode.accepted, ServerCode.end]);
    expect(scene.log).toEqual(["closed stopped"]);
    expect(scene.harness.transport.state).toBe("shut");
    expect(scene.users).toBe(0);
  });

  test("it may be unloaded, and is told so", async () => {
    const scene = new Scene({ making: () => scene.registration.remove() });
    scene.start();
    expect(await scene.harness.codes()).toEqual([ServerCode.nobodyHome]);
    expect(scene.log).toEqual(["closed unloaded"]);
  });

  test("it may send too much, and is told that it was cut off", async () => {
    const scene = new Scene(
      { making: (receiver) => void receiver.sendData("x".repeat(2000)) },
      { sendQueueBytesMax: 1000 },
    ).start();
    expect(scene.log).toEqual(["abort", "closed aborted"]);
    expect(scene.harness.refusals).toEqual({ send_queue_full: 1 });
  });

  test.each([false, true])(
    "it may throw, which refuses the communication (after sending: %p)",
    async (sends) => {
      const failure = new Error("boom");
      const scene = new Scene({
        making: (receiver) => {
          if (sends) receiver.sendData("x");
          throw failure;
        },
      }).start(END);
      const before = sends ? [ServerCode.accepted, ServerCode.data] : [];
      expect(await scene.harness.codes()).toEqual([...before, ServerCode.communicationError]);
      expect(scene.harness.errors).toEqual([
        { error: failure, context: { name: "plugin", owner: "the owner", address: CLIENT } },
      ]);
      expect(scene.log).toEqual([]);
      expect(scene.users).toBe(0);
      expect(scene.harness.transport.state).toBe("shut");
    },
  );
});

describe("the next message", () => {
  test("waits until the promise of the one before has resolved", async () => {
    const works: PromiseWithResolvers<void>[] = [];
    const scene = new Scene({
      data: () => {
        const work = Promise.withResolvers<void>();
        works.push(work);
        return work.promise;
      },
    });
    scene.start(data("a"), data("b"), data("c"));
    scene.harness.receive(END);
    scene.harness.connection.onDrain();
    expect(scene.log).toEqual(["data a"]);
    expect(scene.harness.transport.paused).toBe(true);
    works[0]?.resolve();
    await nextTurn();
    expect(scene.log).toEqual(["data a", "data b"]);
    works[1]?.resolve();
    await nextTurn();
    works[2]?.resolve();
    await nextTurn();
    expect(scene.log).toEqual(["data a", "data b", "data c", "closed ended"]);
    expect(scene.harness.transport.state).toBe("shut");
    expect(scene.harness.budget.bytes).toBe(0);
  });

  test("waits while the client does not read", async () => {
    const scene = new Scene(
      { data: (receiver, text) => void receiver.sendData(text.repeat(50)) },
      { sendHighWaterBytes: 120 },
    );
    scene.harness.transport.capacity = 0;
    scene.start(data("a"), data("b"), data("c"), data("d"));
    expect(scene.log).toEqual(["data a", "data b", "data c"]);
    await nextTurn();
    scene.harness.drain();
    expect(scene.log).toEqual(["data a", "data b", "data c", "data d"]);
  });

  test("is delivered before a FIN that came while it waited", async () => {
    const work = Promise.withResolvers<void>();
    const scene = new Scene({ data: () => work.promise });
    scene.start(data("a"), data("b"));
    scene.harness.connection.onEnd();
    expect(scene.log).toEqual(["data a"]);
    work.resolve();
    await nextTurn();
    await nextTurn();
    expect(scene.log).toEqual(["data a", "data b", "abort", "closed aborted"]);
  });
});

describe("room to send", () => {
  test("is told by sendData and waited for by drained", async () => {
    const scene = new Scene({}, { sendHighWaterBytes: 100 });
    scene.harness.transport.capacity = 4;
    scene.start();
    await nextTurn();
    expect(scene.receiver?.sendData("x".repeat(90))).toBe(true);
    expect(scene.receiver?.sendData("x".repeat(90))).toBe(false);
    let drained = false;
    const waiting = scene.receiver?.drained().then(() => {
      drained = true;
    });
    await nextTurn();
    expect(drained).toBe(false);
    scene.harness.drain();
    await waiting;
    expect(drained).toBe(true);
  });

  test("ends the connection when exceeded, once", () => {
    const scene = new Scene({}, { sendQueueBytesMax: 1000 }).start();
    scene.harness.transport.capacity = 0;
    expect(scene.receiver?.sendData("x".repeat(2000))).toBe(false);
    expect(scene.harness.refusals).toEqual({ send_queue_full: 1 });
    expect(scene.log).toEqual(["abort", "closed aborted"]);
    expect(scene.harness.budget.bytes).toBe(0);
  });

  test("is not asked for what cannot be sent, and the communication goes on", async () => {
    const scene = new Scene().start();
    const send = scene.receiver?.sendData.bind(scene.receiver);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the very mistake under test
    expect(() => send?.(5 as unknown as string)).toThrow(
      "only bytes or a string can be sent, not a value of type number",
    );
    send?.("fine");
    expect(await scene.harness.texts()).toEqual(["1:", "5:fine"]);
  });
});

describe("a receiver that fails", () => {
  const failure = new Error("boom");

  test.each<[string, Script]>([
    [
      "throws at a message",
      {
        data: () => {
          throw failure;
        },
      },
    ],
    ["rejects a message", { data: () => Promise.reject(failure) }],
  ])("and %s ends the communication with a communication error", async (_name, script) => {
    const scene = new Scene(script).start(data("a"), END);
    await nextTurn();
    expect(await scene.harness.codes()).toEqual([
      ServerCode.accepted,
      ServerCode.communicationError,
    ]);
    expect(scene.log).toEqual(["data a", "closed failed"]);
    expect(scene.harness.errors.map(({ error }) => error)).toEqual([failure]);
    expect(scene.harness.transport.state).toBe("shut");
  });

  test.each<[string, () => void | Promise<void>]>([
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects", () => Promise.reject(failure)],
  ])("and %s in onConnectionAbort is still told that it is over", async (_name, aborted) => {
    const scene = new Scene({ aborted }).start();
    scene.harness.connection.onClose();
    await nextTurn();
    expect(scene.log).toEqual(["abort", "closed aborted"]);
    expect(scene.harness.errors.map(({ error }) => error)).toEqual([failure]);
    expect(scene.harness.closed).toBe(1);
  });

  test.each<[string, () => void | Promise<void>]>([
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects", () => Promise.reject(failure)],
  ])("and %s in onClosed is reported, and harms nothing else", async (_name, closed) => {
    const scene = new Scene({ closed }).start(END);
    await nextTurn();
    expect(scene.harness.errors.map(({ error }) => error)).toEqual([failure]);
    expect(scene.harness.transport.state).toBe("shut");
    expect(scene.users).toBe(0);
  });

  test("and sends from within onClosed is told that nothing can be sent", () => {
    const scene = new Scene({ closed: (receiver) => void receiver.sendData("x") }).start(END);
    expect(scene.harness.errors.map(({ error }) => error)).toMatchObject([
      { code: "communication_ended" },
    ]);
  });
});

describe("a receiver that does not finish with a message", () => {
  test("is given up in time, and its client is told", async () => {
    const scene = new Scene({ data: () => new Promise(() => {}) }, { callbackTimeoutMs: 1000 });
    scene.start(data("hang"), END);
    scene.harness.pass(999);
    expect(await scene.harness.codes()).toEqual([ServerCode.accepted]);
    scene.harness.pass(1);
    expect(await scene.harness.codes()).toEqual([
      ServerCode.accepted,
      ServerCode.communicationError,
    ]);
    expect(scene.log).toEqual(["data hang", "closed failed"]);
    expect(scene.harness.refusals).toEqual({ callback_timeout: 1 });
    // The client's end, which had waited, is heard now.
    expect(scene.harness.connection.state).toBe("closing");
  });
});

describe("a raw communication that is silent in both directions", () => {
  test("may make room after a time, and not before", () => {
    const scene = new Scene({}, { rawIdleEvictionMs: 60_000 });
    scene.start(data("hello"));
    expect(scene.harness.connection.yieldsFromMs).toBeUndefined();
    scene.harness.pass(250);
    const silentSinceMs = scene.harness.nowMs;
    expect(scene.harness.connection.yieldsFromMs).toBe(silentSinceMs + 60_000);
  });
});
