import { NO_DURABLE } from "../helpers/no-durable.ts";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { PluginScope } from "../../mesh/plugin-scope.ts";
import {
  type CcpError,
  type ClientCallbacks,
  Endpoint,
  RawClient,
  RawReceiver,
  RequestClient,
} from "../../src/index.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { localMessenger } from "./local-messenger.ts";

/** A port of this machine on which plugins answer and are answered. */
let endpoint: Endpoint;
let log: RecordingLogger;
let scope: PluginScope;

beforeEach(async () => {
  endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  log = new RecordingLogger();
  scope = newScope("chat");
});

afterEach(async () => {
  await scope.unload(100);
  await endpoint.close();
});

function newScope(plugin: string): PluginScope {
  return new PluginScope({
    nodeName: "surf",
    plugin,
    settings: { a: "1" },
    log,
    endpoint,
    messenger: localMessenger(),
    durable: NO_DURABLE,
  });
}

function target(plugin: string): { host: string; port: number; plugin: string } {
  return { host: "127.0.0.1", port: endpoint.port, plugin };
}

/** What a closed communication was closed with. */
async function codeOf(over: Promise<CcpError | undefined>): Promise<string> {
  return (await over)?.code ?? "ended";
}

/** Here, where the callbacks stand. */
const AT: unknown = expect.stringMatching(/plugin-scope\.test\.ts:\d+:\d+$/);

describe("what an unload undoes", () => {
  test("registrations of both modes: nobody is home any more", async () => {
    scope.onRequest("ask", () => "yes");
    scope.onRaw("talk", RawReceiver);
    expect(endpoint.status().receivers.map(({ owner }) => owner)).toEqual([
      "plugin chat",
      "plugin chat",
    ]);
    await scope.unload(100);
    expect(endpoint.status().receivers).toEqual([]);
    const asking = RequestClient.connect(target("ask"));
    expect(asking).rejects.toMatchObject({ code: "nobody_home" });
    expect(RawClient.connect(target("talk"))).rejects.toMatchObject({ code: "nobody_home" });
  });

  test("an open raw communication is told at once that nobody is home", async () => {
    const reasons: string[] = [];
    scope.onRaw(
      "talk",
      class extends RawReceiver {
        override onClosed(reason: string): void {
          reasons.push(reason);
        }
      },
    );
    const client = await RawClient.connect(target("talk"));
    await scope.unload(100);
    expect(await codeOf(client.over)).toBe("nobody_home");
    expect(reasons).toEqual(["unloaded"]);
  });

  test("an open request communication is told so at its next request", async () => {
    scope.onRequest("ask", () => "yes");
    const client = await RequestClient.connect(target("ask"));
    expect((await client.request("?")).toString()).toBe("yes");
    await scope.unload(100);
    expect(client.request("?")).rejects.toMatchObject({ code: "nobody_home" });
    expect(await codeOf(client.over)).toBe("nobody_home");
  });

  test("a request in flight is told so at once", async () => {
    const asked = Promise.withResolvers<void>();
    scope.onRequest("ask", () => {
      asked.resolve();
      return new Promise<string>(() => {});
    });
    const client = await RequestClient.connect(target("ask"));
    const reply = client.request("?");
    await asked.promise;
    await scope.unload(100);
    expect(reply).rejects.toMatchObject({ code: "nobody_home" });
    expect(await codeOf(client.over)).toBe("nobody_home");
  });

  test("timers: neither those to come nor those that repeat fire any more", async () => {
    let fired = 0;
    const once = Promise.withResolvers<void>();
    scope.every(1, () => {
      fired += 1;
      once.resolve();
    });
    scope.after(20, () => {
      fired += 1000;
    });
    await once.promise;
    await scope.unload(100);
    const firedAtUnload = fired;
    // Timers fire in the order of their times, so this one comes after those that must not.
    await new Promise((resolve) => setTimeout(resolve, 25));
    expect(fired).toBe(firedAtUnload);
  });

  test("connections that the plugin dialled, in every style", async () => {
    const gone: string[] = [];
    class Peer extends RawReceiver {
      override onClosed(reason: string): void {
        gone.push(reason);
      }
    }
    endpoint.onRaw("peer", Peer);
    endpoint.onRequest("ask", () => "yes");
    const raw = await scope.connectRaw(target("peer"));
    const request = await scope.connectRequest(target("ask"));
    const accepted = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const call = scope.dial(
      { ...target("peer"), mode: "raw" },
      { onAccepted: accepted.resolve, onEnd: ended.resolve },
    );
    await accepted.promise;
    await scope.unload(100);
    await Promise.all([raw.over, request.over, call.closed, ended.promise]);
    expect(gone).toEqual(["ended", "ended"]);
    expect(await codeOf(raw.over)).toBe("ended");
  });

  test("a connection that is still being dialled", async () => {
    const sink = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    try {
      // It takes connections and never answers.
      const silent = { host: "127.0.0.1", port: sink.port, plugin: "peer" };
      const raw = scope.connectRaw(silent);
      const refused = Promise.withResolvers<CcpError>();
      const over = { onConnectionError: refused.resolve, onAbort: refused.resolve };
      const call = scope.dial({ ...silent, mode: "raw" }, over);
      await scope.unload(100);
      expect(raw).rejects.toMatchObject({ code: "cancelled" });
      expect((await refused.promise).code).toBe("cancelled");
      await call.closed;
    } finally {
      sink.stop(true);
    }
  });

  test("its tasks run first, the last one added first, each waiting for the one before", async () => {
    const order: string[] = [];
    scope.onUnload(() => void order.push("first added"));
    scope.onUnload(async () => {
      await Bun.sleep(1);
      order.push(`then ${endpoint.status().receivers.length} registration`);
    });
    scope.onUnload(() => {
      order.push("last added");
      throw new Error("no disk");
    });
    scope.onRequest("ask", () => "yes");
    await scope.unload(1000);
    expect(order).toEqual(["last added", "then 1 registration", "first added"]);
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "unload task failed",
        fields: { at: AT, error: new Error("no disk") },
      },
    ]);
  });

  test("a task adds no further one: that would never run", async () => {
    scope.onUnload(() => scope.onUnload(() => {}));
    await scope.unload(1000);
    expect(log.lines).toMatchObject([
      {
        message: "unload task failed",
        fields: {
          error: { message: "plugin chat is being unloaded, and takes no further unload task" },
        },
      },
    ]);
  });

  test("a task that does not end is left behind, and the rest is undone", async () => {
    scope.onRequest("ask", () => "yes");
    scope.onUnload(() => new Promise(() => {}));
    await scope.unload(10);
    expect(endpoint.status().receivers).toEqual([]);
    expect(log.messages("warn")).toEqual([
      "unload tasks did not finish in time and are left behind",
    ]);
  });

  test("the signal fires last, with a reason that names the plugin", async () => {
    let receivers = -1;
    scope.onRequest("ask", () => "yes");
    scope.signal.addEventListener("abort", () => {
      receivers = endpoint.status().receivers.length;
    });
    expect(scope.signal.aborted).toBe(false);
    await scope.unload(100);
    expect(receivers).toBe(0);
    expect(scope.signal.reason).toMatchObject({
      code: "cancelled",
      message: "plugin chat was unloaded",
    });
  });

  test("only what is its own", async () => {
    const other = newScope("other");
    other.onRequest("other", () => "here");
    scope.onRequest("ask", () => "yes");
    await scope.unload(100);
    const client = await RequestClient.connect(target("other"));
    expect((await client.request("?")).toString()).toBe("here");
    await client.close();
    await other.unload(100);
  });
});

describe("after the unload", () => {
  test("every use throws and says why", async () => {
    await scope.unload(100);
    const text = "plugin chat is unloaded and cannot use its node";
    expect(() => scope.onRequest("a", () => "")).toThrow(text);
    expect(() => scope.onRaw("a", RawReceiver)).toThrow(text);
    expect(() => scope.dial({ ...target("a"), mode: "raw" })).toThrow(text);
    expect(scope.connectRaw(target("a"))).rejects.toThrow(text);
    expect(scope.connectRequest(target("a"))).rejects.toThrow(text);
    expect(() => scope.after(1, () => {})).toThrow(text);
    expect(() => scope.every(1, () => {})).toThrow(text);
    expect(() => scope.onUnload(() => {})).toThrow(text);
  });

  test("what was removed by hand does not come back, and removing twice is no harm", async () => {
    const registration = scope.onRequest("ask", () => "yes");
    registration.remove();
    const other = newScope("other");
    other.onRequest("ask", () => "mine now");
    registration.remove();
    await scope.unload(100);
    expect(endpoint.status().receivers.map(({ owner }) => owner)).toEqual(["plugin other"]);
    await other.unload(100);
  });
});

describe("a name that is taken", () => {
  const taken = (mode: string) =>
    `${mode} communications for "console" are already received by plugin chat; ` +
    "plugin other must choose another name, or plugin chat must be unloaded first";

  test("is refused with who has it, in both modes", async () => {
    const other = newScope("other");
    scope.onRequest("console", () => "");
    scope.onRaw("console", RawReceiver);
    expect(() => other.onRequest("console", () => "")).toThrow(taken("request"));
    expect(() => other.onRaw("console", RawReceiver)).toThrow(taken("raw"));
    await other.unload(100);
    expect(endpoint.status().receivers).toHaveLength(2);
  });
});

describe("what a plugin's mistakes cost", () => {
  test("a timer that throws or rejects is logged, and fires again", async () => {
    let fired = 0;
    const thrice = Promise.withResolvers<void>();
    scope.every(1, () => {
      fired += 1;
      if (fired === 3) thrice.resolve();
      throw new Error("every time");
    });
    scope.after(1, async () => {
      await Promise.resolve();
      throw new Error("once");
    });
    await thrice.promise;
    await scope.unload(100);
    expect(new Set(log.messages("error"))).toEqual(new Set(["timer failed"]));
    expect(log.lines.map(({ fields }) => String(fields["error"]))).toContain("Error: once");
  });

  test("a timer that has not finished is not run a second time", async () => {
    let runs = 0;
    const release = Promise.withResolvers<void>();
    const again = Promise.withResolvers<void>();
    scope.every(1, async () => {
      runs += 1;
      if (runs === 2) again.resolve();
      await release.promise;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(runs).toBe(1);
    release.resolve();
    await again.promise;
  });

  test("a delay that no timer keeps is refused, and not taken for none", () => {
    for (const delayMs of [Number.NaN, -1, 2 ** 31, Number.POSITIVE_INFINITY]) {
      const text = `plugin chat: a timer takes 0 to 2147483647 milliseconds, not ${delayMs}`;
      expect(() => scope.after(delayMs, () => {})).toThrow(text);
      expect(() => scope.every(delayMs, () => {})).toThrow(text);
    }
    scope.after(2 ** 31 - 1, () => {}).remove();
  });

  test("a callback of a dialled connection that throws ends that connection and is logged", async () => {
    endpoint.onRaw("peer", RawReceiver);
    const call = scope.dial(
      { ...target("peer"), mode: "raw" },
      {
        onAccepted: () => {
          throw new Error("unprepared");
        },
      },
    );
    await call.closed;
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "a callback failed",
        fields: { at: AT, error: new Error("unprepared") },
      },
    ]);
  });

  test("a plugin that handles such errors itself gets them, and may throw while it does", async () => {
    endpoint.onRaw("peer", RawReceiver);
    const handled: unknown[] = [];
    const call = scope.dial(
      { ...target("peer"), mode: "raw" },
      {
        onEnd: () => {
          throw new Error("at the end");
        },
        onAccepted: () => void scope.unload(100),
        onCallbackError: (error) => {
          handled.push(error);
          throw new Error("worse");
        },
      },
    );
    await call.closed;
    expect(handled).toEqual([new Error("at the end")]);
    expect(log.lines.map(({ fields }) => fields["error"])).toEqual([new Error("worse")]);
  });

  test("callbacks may be the methods of an object with private state", async () => {
    class Lines implements ClientCallbacks {
      readonly #done = Promise.withResolvers<string>();
      get done(): Promise<string> {
        return this.#done.promise;
      }
      onData(data: Buffer): void {
        this.#done.resolve(data.toString());
      }
    }
    endpoint.onRaw(
      "peer",
      class extends RawReceiver {
        override onDataReceived(data: Buffer): void {
          this.sendData(data);
        }
      },
    );
    const lines = new Lines();
    const accepted = Promise.withResolvers<void>();
    Object.assign(lines, { onAccepted: accepted.resolve });
    const call = scope.dial({ ...target("peer"), mode: "raw" }, lines);
    await accepted.promise;
    call.send("hello");
    expect(await lines.done).toBe("hello");
    expect(log.lines).toEqual([]);
  });

  test("a plugin that registers without end is stopped, and told what it holds", () => {
    for (let i = 0; i < 10_000; i++) scope.onUnload(() => {});
    const text = "plugin chat holds 10000 registrations, connections and timers; remove some";
    expect(() => scope.onUnload(() => {})).toThrow(text);
    expect(() => scope.onRequest("ask", () => "")).toThrow(text);
    expect(() => scope.dial({ ...target("ask"), mode: "raw" })).toThrow(text);
    expect(endpoint.status().receivers).toEqual([]);
  });
});

test("a plugin sees the node's name, its settings and its own log", () => {
  expect(scope.name).toBe("surf");
  expect(scope.settings).toEqual({ a: "1" });
  scope.log.info("here");
  expect(log.messages("info")).toEqual(["here"]);
});

describe("a consumer", () => {
  test("that comes to be after the unload, is given up at once, and the plugin told", async () => {
    const began = Promise.withResolvers<void>();
    let removed = 0;
    scope = new PluginScope({
      nodeName: "surf",
      plugin: "late",
      settings: {},
      log,
      endpoint,
      messenger: localMessenger(),
      durable: {
        ...NO_DURABLE,
        consume: async (_name, _pattern, _handler, keep) => {
          await began.promise;
          const remove = () => void (removed += 1);
          const registration = { remove, drained: () => Promise.resolve() };
          return keep?.(registration) ?? registration;
        },
      },
    });
    const consuming = scope.consume("kills", "game.>", () => {});
    await scope.unload(100);
    began.resolve();
    expect(await consuming.catch((error: unknown) => error)).toMatchObject({ code: "cancelled" });
    expect(removed).toBe(1);
  });

  test("is given up with its plugin, though other nodes were still being told of it", async () => {
    let removed = 0;
    scope = new PluginScope({
      nodeName: "surf",
      plugin: "slow",
      settings: {},
      log,
      endpoint,
      messenger: localMessenger(),
      durable: {
        ...NO_DURABLE,
        consume: (_name, _pattern, _handler, keep) => {
          keep?.({ remove: () => void (removed += 1), drained: () => Promise.resolve() });
          return new Promise(() => {});
        },
      },
    });
    void scope.consume("kills", "game.>", () => {});
    await scope.unload(100);
    expect(removed).toBe(1);
  });
});
