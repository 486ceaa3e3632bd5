import { describe, expect, test } from "bun:test";
import { CallbackSubscription } from "../../../mesh/topics/callback-subscription.ts";
import { nextTurn } from "../../helpers/turns.ts";

function setUp(callback: (message: number) => void | Promise<void>, messagesMax = 1000) {
  const errors: unknown[] = [];
  const told = { stopped: 0 };
  const subscription = new CallbackSubscription<number>({
    pattern: "chat.>",
    group: "relay",
    limits: { messagesMax },
    schedule: setImmediate,
    onStopped: () => {
      told.stopped += 1;
    },
    callback,
    onCallbackError: (error) => errors.push(error),
  });
  return { subscription, errors, told };
}

test("knows what it is a subscription to", () => {
  const { subscription } = setUp(() => {});
  expect([subscription.pattern, subscription.group]).toEqual(["chat.>", "relay"]);
});

describe("a callback", () => {
  test("is called for each message in order, never from within the delivery", async () => {
    const got: number[] = [];
    const { subscription } = setUp((message) => {
      got.push(message);
    });
    for (let message = 0; message < 200; message += 1) subscription.deliver(message, 1);
    expect(got).toEqual([]);
    await subscription.drain();
    expect(got).toEqual(Array.from({ length: 200 }, (_, message) => message));
  });

  test("that takes its time holds up the next message, and no other subscription", async () => {
    const running: number[] = [];
    const gates: PromiseWithResolvers<void>[] = [];
    const { subscription: slow } = setUp(async (message) => {
      running.push(message);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
    });
    const got: number[] = [];
    const { subscription: quick } = setUp((message) => {
      got.push(message);
    });
    for (const message of [1, 2, 3]) {
      slow.deliver(message, 1);
      quick.deliver(message, 1);
    }
    await nextTurn();
    expect(running).toEqual([1]);
    expect(slow.pending).toBe(2);
    expect(got).toEqual([1, 2, 3]);
    gates[0]?.resolve();
    await nextTurn();
    expect(running).toEqual([1, 2]);
  });

  test("that throws or rejects is reported, and the next message comes", async () => {
    const got: number[] = [];
    const { subscription, errors } = setUp((message) => {
      if (message === 1) throw new Error("thrown");
      if (message === 2) return Promise.reject(new Error("rejected"));
      got.push(message);
      return undefined;
    });
    for (const message of [1, 2, 3]) subscription.deliver(message, 1);
    await nextTurn();
    expect(errors).toEqual([new Error("thrown"), new Error("rejected")]);
    expect(got).toEqual([3]);
  });

  test("goes on even if its errors cannot be reported", async () => {
    const got: number[] = [];
    const subscription = new CallbackSubscription<number>({
      pattern: "a",
      schedule: setImmediate,
      onStopped: () => {},
      callback: (message) => {
        got.push(message);
        throw new Error("thrown");
      },
      onCallbackError: () => {
        throw new Error("thrown again");
      },
    });
    subscription.deliver(1, 1);
    subscription.deliver(2, 1);
    await subscription.drain();
    expect(got).toEqual([1, 2]);
  });

  test("that hangs costs the oldest messages, which are counted", async () => {
    const never = Promise.withResolvers<void>();
    const { subscription } = setUp(() => never.promise, 2);
    subscription.deliver(0, 5);
    await nextTurn();
    const dropped = [1, 2, 3, 4].map((message) => subscription.deliver(message, 5));
    expect(dropped).toEqual([0, 0, 1, 1]);
    expect([subscription.pending, subscription.pendingBytes, subscription.dropped]).toEqual([
      2, 10, 2,
    ]);
  });

  test("may unsubscribe, and is then called no more", async () => {
    const got: number[] = [];
    const { subscription, told } = setUp((message) => {
      got.push(message);
      subscription.unsubscribe();
    });
    subscription.deliver(1, 1);
    subscription.deliver(2, 1);
    await nextTurn();
    subscription.deliver(3, 1);
    await nextTurn();
    expect(got).toEqual([1]);
    expect(told.stopped).toBe(1);
  });

  test("hears what another answers after what it answers to", async () => {
    const heard: number[] = [];
    const publish = (message: number): void => {
      for (const { subscription } of [answering, listening]) subscription.deliver(message, 1);
    };
    const answering = setUp((message) => {
      if (message < 3) publish(message + 1);
    });
    const listening = setUp((message) => {
      heard.push(message);
    });
    publish(1);
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    expect(heard).toEqual([1, 2, 3]);
  });

  test("two that answer each other for ever leave time for everything else", async () => {
    let answers = 0;
    const one = setUp((message) => {
      answers += 1;
      other.subscription.deliver(message, 1);
    });
    const other = setUp((message) => {
      one.subscription.deliver(message, 1);
    });
    one.subscription.deliver(1, 1);
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    expect(answers).toBeGreaterThan(0);
    one.subscription.unsubscribe();
    other.subscription.unsubscribe();
  });
});

describe("drain", () => {
  test("waits for the last callback to return", async () => {
    const gate = Promise.withResolvers<void>();
    const { subscription, told } = setUp(() => gate.promise);
    subscription.deliver(1, 1);
    await nextTurn();
    let isDrained = false;
    const drained = subscription.drain().then(() => {
      isDrained = true;
    });
    expect(told.stopped).toBe(1);
    await nextTurn();
    expect(isDrained).toBe(false);
    gate.resolve();
    await drained;
  });

  test("is given up by unsubscribe, though the callback never returns", async () => {
    const never = Promise.withResolvers<void>();
    const { subscription } = setUp(() => never.promise);
    subscription.deliver(1, 1);
    await nextTurn();
    const drained = subscription.drain();
    subscription.unsubscribe();
    await drained;
  });
});
