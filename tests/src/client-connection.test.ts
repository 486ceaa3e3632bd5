import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import * as fc from "fast-check";
import type { ClientCallbacks } from "../../src/client-callbacks.ts";
import { ClientConnection } from "../../src/client-connection.ts";
import { CcpError } from "../../src/errors.ts";
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from "../../src/limits.ts";
import { ClientCode, type Mode, ServerCode } from "../../src/protocol.ts";
import { cut, frame, header, parseFrames } from "../helpers/frames.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { nextTurn } from "../helpers/turns.ts";

const ACCEPTED = frame(ServerCode.accepted);
const END = frame(ServerCode.end);

function data(text: string): Buffer {
  return frame(ServerCode.data, text);
}

class Scene {
  readonly transport = new MemoryTransport();
  readonly log: string[] = [];
  readonly errors: CcpError[] = [];
  readonly callbackErrors: unknown[] = [];
  readonly connection: ClientConnection;
  closed = false;

  constructor(
    more: ClientCallbacks = {},
    { mode = "request", ...limits }: Partial<ClientLimits> & { mode?: Mode } = {},
  ) {
    const note = (text: string) => () => {
      this.log.push(text);
    };
    this.connection = new ClientConnection({
      transport: this.transport,
      plugin: "plugin",
      mode,
      target: "192.0.2.1:28080",
      limits: { ...DEFAULT_CLIENT_LIMITS, ...limits },
      callbacks: {
        onConnected: note("connected"),
        onAccepted: note("accepted"),
        onData: (bytes) => {
          this.log.push(`data ${bytes.toString()}`);
        },
        onEnd: note("end"),
        onNobodyHome: note("nobody home"),
        onCommunicationError: note("communication error"),
        onProtocolError: note("protocol error"),
        onAbort: (error) => {
          this.errors.push(error);
          this.log.push(`abort ${error.code}`);
        },
        onCallbackError: (error) => {
          this.callbackErrors.push(error);
        },
        ...more,
      },
    });
    this.connection.closed.then(
      () => {
        this.closed = true;
      },
      () => {},
    );
    this.connection.start();
  }

  receive(...parts: readonly Buffer[]): void {
    this.connection.onData(Buffer.concat(parts));
  }

  async sent(): Promise<string[]> {
    await nextTurn();
    return parseFrames(this.transport.taken).map(({ code, data }) => `${code}:${data.toString()}`);
  }
}

describe("dialling", () => {
  test.each([
    ["request", ClientCode.startRequest],
    ["raw", ClientCode.startRaw],
  ] as const)("%s starts with the name of the plugin", async (mode, code) => {
    const scene = new Scene({}, { mode });
    expect(scene.log).toEqual(["connected"]);
    expect(await scene.sent()).toEqual([`${code}:plugin`]);
    scene.receive(ACCEPTED);
    expect(scene.log).toEqual(["connected", "accepted"]);
    expect(scene.connection.state).toBe("open");
    scene.connection.abort(new CcpError("cancelled", "enough"));
  });

  test("sends what is sent before the acceptance after the start", async () => {
    const scene = new Scene();
    scene.connection.send("early");
    expect(await scene.sent()).toEqual(["1:plugin", "5:early"]);
    scene.connection.stop();
  });
});

describe("the endpoint's last word", () => {
  test.each([
    [ServerCode.end, "end", true],
    [ServerCode.nobodyHome, "nobody home", true],
    [ServerCode.communicationError, "communication error", true],
    [ServerCode.protocolError, "protocol error", false],
  ])("%i is told as %s; answered with an end: %p", async (code, text, answered) => {
    for (const accepted of [true, false]) {
      const scene = new Scene();
      if (accepted) scene.receive(ACCEPTED);
      scene.receive(frame(code), data("after"), END);
      expect(scene.log.at(-1)).toBe(text);
      expect(scene.log.filter((entry) => entry === text).length).toBe(1);
      expect(await scene.sent()).toEqual(answered ? ["1:plugin", "10:"] : ["1:plugin"]);
      expect(scene.transport.state).toBe("shut");
      scene.connection.onClose();
      await scene.connection.closed;
      expect(scene.log.at(-1)).toBe(text);
    }
  });

  test("after data is told after it", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED, data("a"), data("b"), END);
    expect(scene.log).toEqual(["connected", "accepted", "data a", "data b", "end"]);
  });

  test("that is an empty message is a protocol error", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED, header(0));
    expect(scene.log.at(-1)).toBe("protocol error");
  });

  test("is not an unknown code or a second acceptance", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED, frame(0x77), ACCEPTED, data("a"));
    expect(scene.log).toEqual(["connected", "accepted", "data a"]);
    scene.connection.stop();
  });
});

describe("the loss of the connection", () => {
  test.each(["onEnd", "onClose"] as const)("by %s is an abort, told once", async (how) => {
    const scene = new Scene();
    scene.receive(ACCEPTED, data("a"));
    scene.connection[how]();
    scene.connection.onEnd();
    scene.connection.onClose();
    await scene.connection.closed;
    expect(scene.log).toEqual(["connected", "accepted", "data a", "abort connection_aborted"]);
    expect(scene.errors[0]?.message).toBe(
      "192.0.2.1:28080 closed the connection before the communication ended",
    );
  });

  test("comes after what had arrived, when that waits", async () => {
    for (const how of ["onEnd", "onClose"] as const) {
      const scene = new Scene();
      scene.receive(ACCEPTED);
      scene.connection.pause();
      scene.receive(data("a"), data("b"));
      scene.connection[how]();
      expect(scene.log).toEqual(["connected", "accepted"]);
      scene.connection.resume();
      expect(scene.log.slice(2)).toEqual(["data a", "data b", "abort connection_aborted"]);
    }
  });

  test("comes after everything when each message pauses and resumes by itself", () => {
    const scene: Scene = new Scene({
      onData: (bytes) => {
        scene.log.push(`data ${bytes.toString()}`);
        scene.connection.pause();
        scene.connection.resume();
      },
    });
    scene.receive(ACCEPTED);
    scene.connection.pause();
    scene.receive(data("a"), data("b"), data("c"));
    scene.connection.onClose();
    scene.connection.resume();
    expect(scene.log.slice(2)).toEqual(["data a", "data b", "data c", "abort connection_aborted"]);
  });

  test("while paused refuses what is sent, wakes who waits for room, and can be closed at once", async () => {
    const scene = new Scene({}, { sendHighWaterBytes: 10 });
    scene.receive(ACCEPTED);
    await nextTurn();
    scene.transport.capacity = 0;
    scene.connection.send("0123456789");
    const drained = scene.connection.drained();
    scene.connection.pause();
    scene.receive(data("unread"));
    scene.transport.terminate();
    scene.connection.onClose();
    await drained;
    expect(() => scene.connection.send("x")).toThrow(
      "the communication with 192.0.2.1:28080 is over; nothing was sent",
    );
    scene.connection.stop();
    await scene.connection.closed;
    expect(scene.log.at(-1)).toBe("end");
  });
});

describe("a pause", () => {
  test("holds the endpoint back with one chunk in hand", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED);
    scene.connection.pause();
    expect(scene.transport.paused).toBe(false);
    scene.receive(data("a"));
    expect(scene.transport.paused).toBe(true);
    scene.connection.resume();
    expect(scene.transport.paused).toBe(false);
    expect(scene.log.at(-1)).toBe("data a");
    scene.connection.stop();
  });

  test("ends with the communication", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED);
    scene.connection.pause();
    scene.receive(data("a"));
    scene.connection.stop();
    expect(scene.transport.paused).toBe(false);
    scene.connection.resume();
    expect(scene.log).toEqual(["connected", "accepted", "end"]);
  });
});

describe("stopping", () => {
  test("delivers what is queued, then the end", async () => {
    const scene = new Scene();
    scene.receive(ACCEPTED);
    scene.connection.send("a");
    scene.connection.send("b");
    scene.connection.stop();
    scene.connection.stop();
    expect(await scene.sent()).toEqual(["1:plugin", "5:a", "5:b", "10:"]);
    expect(scene.log).toEqual(["connected", "accepted", "end"]);
    expect(scene.transport.state).toBe("shut");
  });

  test("waits for a slow transport before it shuts down", () => {
    const scene = new Scene();
    scene.transport.capacity = 5;
    scene.connection.stop();
    expect(scene.transport.state).toBe("open");
    scene.transport.capacity = 100;
    scene.connection.onDrain();
    expect(scene.transport.state).toBe("shut");
  });
});

describe("sending", () => {
  test("is refused once the queue is full, and nothing more is queued", () => {
    const scene = new Scene({}, { sendQueueBytesMax: 1000 });
    scene.transport.capacity = 0;
    expect(scene.connection.send("x".repeat(2000))).toBe(true);
    let error: unknown;
    try {
      scene.connection.send("y");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: "send_queue_full",
      message: "192.0.2.1:28080 takes data slower than it is sent: 2014 bytes wait",
    });
    scene.connection.abort(new CcpError("cancelled", "enough"));
  });

  test("tells when there is no room, and `drained` when there is again", async () => {
    const scene = new Scene({}, { sendHighWaterBytes: 100 });
    scene.transport.capacity = 0;
    expect(scene.connection.send("x".repeat(200))).toBe(false);
    await nextTurn();
    const drained = scene.connection.drained();
    scene.transport.capacity = 1000;
    scene.connection.onDrain();
    await drained;
    scene.connection.stop();
  });
});

describe("a message that is too large", () => {
  test("is given up at its header", async () => {
    const scene = new Scene({}, { messageBytesMax: 100 });
    scene.receive(ACCEPTED, header(101));
    await scene.connection.closed;
    expect(scene.errors).toMatchObject([
      {
        code: "message_too_large",
        message: "192.0.2.1:28080 sends a message of 101 bytes, more than the 100 allowed",
      },
    ]);
    expect(scene.transport.state).toBe("terminated");
  });
});

describe("a callback that throws", () => {
  const failure = new Error("boom");
  const boom = (): never => {
    throw failure;
  };

  test.each<[string, ClientCallbacks]>([
    ["onConnected", { onConnected: boom }],
    ["onAccepted", { onAccepted: boom }],
    ["onData", { onData: boom }],
    ["onEnd", { onEnd: boom }],
    ["onAbort", { onAbort: boom }],
  ])("%s ends the communication and is told once", async (name, callbacks) => {
    const scene = new Scene(callbacks);
    if (name !== "onConnected") scene.receive(ACCEPTED, data("a"));
    if (name === "onEnd") scene.receive(END);
    if (name === "onAbort") scene.connection.onClose();
    expect(scene.callbackErrors).toEqual([failure]);
    expect(["closing", "closed"]).toContain(scene.connection.state);
    scene.connection.onClose();
    await scene.connection.closed;
  });
});

describe("in time", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("the endpoint must accept", async () => {
    const scene = new Scene({}, { acceptTimeoutMs: 1000 });
    jest.advanceTimersByTime(999);
    expect(scene.log).toEqual(["connected"]);
    jest.advanceTimersByTime(1);
    expect(scene.errors).toMatchObject([
      {
        code: "accept_timeout",
        message:
          "192.0.2.1:28080 took the connection but did not answer within 1000 ms; " +
          "is it a CCP endpoint?",
      },
    ]);
    expect(scene.transport.state).toBe("terminated");
    await scene.connection.closed;
    expect(jest.getTimerCount()).toBe(0);
  });

  test("the endpoint must close", async () => {
    const scene = new Scene({}, { closeTimeoutMs: 1000 });
    scene.receive(ACCEPTED);
    scene.connection.stop();
    jest.advanceTimersByTime(1000);
    expect(scene.transport.state).toBe("terminated");
    await scene.connection.closed;
    expect(jest.getTimerCount()).toBe(0);
  });

  test("an accepted communication is bounded by nothing", () => {
    const scene = new Scene();
    scene.receive(ACCEPTED);
    expect(jest.getTimerCount()).toBe(0);
    scene.connection.abort(new CcpError("cancelled", "enough"));
    expect(jest.getTimerCount()).toBe(0);
  });
});

test("data arrives whole and in order however it is cut and paused", () => {
  const texts = fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(texts, sizes, fc.nat({ max: 5 }), (texts, sizes, pauseEvery) => {
      const received: string[] = [];
      const scene: Scene = new Scene({
        onData: (bytes) => {
          received.push(bytes.toString());
          if (pauseEvery > 0 && received.length % pauseEvery === 0) scene.connection.pause();
        },
      });
      const wire = Buffer.concat([ACCEPTED, ...texts.map(data), END]);
      for (const piece of cut(wire, sizes)) scene.connection.onData(piece);
      scene.connection.onClose();
      for (let count = 0; count <= texts.length; count += 1) scene.connection.resume();
      expect(received).toEqual(texts);
      expect(scene.log.at(-1)).toBe("end");
      expect(scene.connection.state).toBe("closed");
    }),
    { numRuns: 1000 },
  );
});
