import { NO_DURABLE } from "../helpers/no-durable.ts";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { MeshError } from "../../mesh/mesh-error.ts";
import type { Messenger } from "../../mesh/messaging/messenger.ts";
import { PluginScope } from "../../mesh/plugin-scope.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { nextTurn, rejection, until } from "../helpers/turns.ts";
import { localMessenger } from "./local-messenger.ts";

/** Here, where the callbacks stand. */
const AT: unknown = expect.stringMatching(/plugin-messaging\.test\.ts:\d+:\d+$/);

let messenger: Messenger;
let log: RecordingLogger;
let scope: PluginScope;
let other: PluginScope;

beforeEach(() => {
  messenger = localMessenger();
  log = new RecordingLogger();
  scope = newScope("chat");
  other = newScope("other");
});

afterEach(async () => {
  await scope.unload(100);
  await other.unload(100);
});

function newScope(plugin: string): PluginScope {
  const endpoint = { port: 0, onRequest: unused, onRaw: unused };
  return new PluginScope({
    nodeName: "surf",
    plugin,
    settings: {},
    log,
    endpoint,
    messenger,
    durable: NO_DURABLE,
  });
}

function unused(): never {
  throw new Error("is not used");
}

/** Publishes, and waits until another plugin has heard it: by then everybody has. */
async function publishAndWait(topic: string, payload: unknown): Promise<void> {
  const heard = Promise.withResolvers<void>();
  const subscription = other.subscribe(topic, () => heard.resolve());
  other.publish(topic, payload);
  await heard.promise;
  await nextTurn();
  subscription.unsubscribe();
}

describe("what a plugin sees of the mesh", () => {
  test("messages, by callback and in a loop", async () => {
    const called: unknown[] = [];
    scope.subscribe("chat.*", ({ topic, from, payload }) => {
      called.push([topic, from, payload]);
    });
    const stream = scope.subscribe("chat.>");
    expect(scope.publish("chat.global", { text: "gg" })).toBe(true);
    for await (const { payload } of stream) {
      expect(payload).toEqual({ text: "gg" });
      break;
    }
    await scope.drained();
    expect(called).toEqual([["chat.global", "surf", { text: "gg" }]]);
  });

  test("of a group, one plugin gets each message", async () => {
    const heard: unknown[] = [];
    for (const plugin of [scope, other]) {
      plugin.subscribe("job", ({ payload }) => void heard.push(payload), { group: "workers" });
    }
    await publishAndWait("job", 1);
    expect(heard).toEqual([1]);
  });

  test("a service of another plugin, and the error of one", async () => {
    other.serve("double", ({ payload }) => Number(payload) * 2);
    expect(await scope.request("surf", "double", 21)).toBe(42);
    const asking = scope.request("surf", "triple", 21);
    expect(await rejection(asking)).toMatchObject({ code: "unknown_service" });
  });

  test("a service that another plugin offers is refused with that plugin", () => {
    other.serve("double", () => 0);
    expect(() => scope.serve("double", () => 0)).toThrow("plugin other");
  });

  test("presence, its own plugin's part beside another's", () => {
    const events: unknown[] = [];
    const listening = scope.presence.onChange((event) => void events.push(event));
    scope.presence.set({ game: "css" });
    other.presence.set({ map: "de_dust2" });
    const all = { game: "css", map: "de_dust2" };
    expect(scope.presence.get("surf")).toEqual(all);
    expect([...scope.presence.all()]).toEqual([["surf", all]]);
    expect(scope.presence.get("nobody")).toBeUndefined();
    listening.remove();
    scope.presence.set(undefined);
    expect(scope.presence.get("surf")).toEqual({ map: "de_dust2" });
    expect(events).toEqual([
      { node: "surf", state: { game: "css" } },
      { node: "surf", state: all },
    ]);
  });
});

describe("what an unload undoes", () => {
  test("subscriptions, and the loops over them", async () => {
    let calls = 0;
    scope.subscribe("chat.>", () => {
      calls += 1;
    });
    const stream = scope.subscribe("chat.>");
    const looping = (async () => {
      for await (const _message of stream) calls += 1;
      return "left";
    })();
    await publishAndWait("chat.global", 1);
    expect(calls).toBe(2);
    await scope.unload(100);
    expect(await looping).toBe("left");
    await publishAndWait("chat.global", 2);
    expect(calls).toBe(2);
  });

  test("what waits in a subscription that drains is discarded", async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const heard: unknown[] = [];
    const subscription = scope.subscribe("chat", async ({ payload }) => {
      heard.push(payload);
      started.resolve();
      await release.promise;
    });
    for (const payload of [1, 2, 3]) scope.publish("chat", payload);
    await started.promise;
    const drained = subscription.drain();
    await scope.unload(100);
    await drained;
    release.resolve();
    await nextTurn();
    expect(heard).toEqual([1]);
  });

  test("services", async () => {
    scope.serve("double", () => 0);
    await scope.unload(100);
    const asking = other.request("surf", "double", 1);
    expect(await rejection(asking)).toMatchObject({ code: "unknown_service" });
    other.serve("double", () => "mine now");
    expect(await other.request("surf", "double", 1)).toBe("mine now");
  });

  test("what it said of the node, and no other plugin's part", async () => {
    other.presence.set({ map: "de_dust2" });
    scope.presence.set({ game: "css", map: "de_aztec" });
    await scope.unload(100);
    expect(other.presence.get("surf")).toEqual({ map: "de_dust2" });
  });

  test("what it says of the node while it unloads", async () => {
    scope.onUnload(() => scope.presence.set({ leaving: true }));
    await scope.unload(100);
    expect(other.presence.get("surf") ?? {}).toEqual({});
  });

  test("listeners", async () => {
    const events: unknown[] = [];
    scope.presence.onChange((event) => void events.push(event));
    scope.onPeer((event) => void events.push(event));
    await scope.unload(100);
    other.presence.set({ game: "css" });
    expect(events).toEqual([]);
  });

  test("requests in flight, whatever signal they had", async () => {
    const asked = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<AbortSignal>()];
    other.serve("stuck", ({ payload, signal }) => {
      asked[Number(payload)]?.resolve(signal);
      return new Promise(() => {});
    });
    const { signal } = new AbortController();
    const requests = [
      scope.request("surf", "stuck", 0),
      scope.request("surf", "stuck", 1, { signal }),
    ];
    const errors = Promise.all(requests.map(rejection));
    const signals = await Promise.all(asked.map(({ promise }) => promise));
    await scope.unload(100);
    for (const error of await errors) {
      expect(error).toBeInstanceOf(MeshError);
      expect(error).toMatchObject({ code: "cancelled" });
    }
    // Whoever answers is told, too, soon after.
    await until(() => signals.every(({ aborted }) => aborted));
  });
});

test("after the unload, every use throws and says why", async () => {
  await scope.unload(100);
  const text = "plugin chat is unloaded and cannot use its node";
  expect(() => scope.subscribe("a")).toThrow(text);
  expect(() => scope.subscribe("a", () => {})).toThrow(text);
  expect(() => scope.publish("a", 1)).toThrow(text);
  expect(String(await rejection(scope.drained()))).toContain(text);
  expect(String(await rejection(scope.request("surf", "a", 1)))).toContain(text);
  expect(() => scope.serve("a", () => 1)).toThrow(text);
  expect(() => scope.presence.set({})).toThrow(text);
  expect(() => scope.presence.all()).toThrow(text);
  expect(() => scope.presence.get("surf")).toThrow(text);
  expect(() => scope.presence.onChange(() => {})).toThrow(text);
  expect(() => scope.peers()).toThrow(text);
  expect(() => scope.onPeer(() => {})).toThrow(text);
});

describe("what a plugin may hold", () => {
  const FULL = "plugin chat holds 10000 registrations, connections and timers; remove some";

  test("counts subscriptions, services and listeners", () => {
    for (let i = 0; i < 9996; i++) scope.onUnload(() => {});
    const subscription = scope.subscribe("a", () => {});
    scope.subscribe("b");
    const service = scope.serve("c", () => 1);
    const listening = scope.onPeer(() => {});
    for (const one of [
      () => scope.subscribe("d", () => {}),
      () => scope.subscribe("d"),
      () => scope.serve("d", () => 1),
      () => scope.onPeer(() => {}),
      () => scope.presence.onChange(() => {}),
    ]) {
      expect(one).toThrow(FULL);
    }
    subscription.unsubscribe();
    service.remove();
    listening.remove();
    for (const pattern of ["d", "e", "f"]) scope.subscribe(pattern);
    expect(() => scope.subscribe("g")).toThrow(FULL);
  });

  test("does not count a subscription that is over, however it ended", async () => {
    for (let i = 0; i < 9999; i++) scope.onUnload(() => {});
    scope.subscribe("a", () => {}).unsubscribe();
    await scope.subscribe("a", () => {}).drain();
    await scope.subscribe("a").drain();
    const stream = scope.subscribe("a");
    scope.publish("a", 1);
    for await (const _message of stream) break;
    scope.subscribe("a");
    expect(() => scope.subscribe("a")).toThrow(FULL);
  });

  test("is not used up by a subscription that was refused", () => {
    for (let i = 0; i < 9999; i++) scope.onUnload(() => {});
    expect(() => scope.subscribe("a..b")).toThrow("empty token");
    scope.subscribe("a");
  });
});

describe("a callback that fails", () => {
  test("is logged with its place, and the subscription goes on", async () => {
    const heard: unknown[] = [];
    scope.subscribe("chat.>", ({ payload }) => {
      heard.push(payload);
      throw new Error("unprepared");
    });
    await publishAndWait("chat.global", 1);
    await publishAndWait("chat.global", 2);
    expect(heard).toEqual([1, 2]);
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "a subscriber to chat.> failed",
        fields: { at: AT, error: new Error("unprepared") },
      },
    ]);
  });

  test("is told to the plugin instead, where it wants that, and its own failure is logged", async () => {
    const told: unknown[] = [];
    scope.subscribe(
      "chat",
      () => {
        throw new Error("unprepared");
      },
      {
        onCallbackError: (error) => {
          told.push(error);
          throw new Error("worse");
        },
      },
    );
    await publishAndWait("chat", 1);
    expect(told).toEqual([new Error("unprepared")]);
    expect(log.lines.map(({ fields }) => fields["error"])).toEqual([new Error("worse")]);
  });

  test("of a service reaches who asked, and the log once", async () => {
    scope.serve("flaky", () => {
      throw new Error("no disk");
    });
    for (let i = 0; i < 2; i++) {
      const error = await rejection(other.request("surf", "flaky", null));
      expect(error).toMatchObject({ code: "remote_failure" });
      expect(String(error)).toContain("no disk");
    }
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "the service flaky failed",
        fields: { at: AT, error: new Error("no disk") },
      },
    ]);
  });

  test("of a service on purpose reaches who asked, and not the log", async () => {
    scope.serve("strict", () => {
      throw new MeshError("remote_failure", "ask with a name");
    });
    const error = await rejection(other.request("surf", "strict", null));
    expect(error).toMatchObject({ code: "remote_failure" });
    expect(String(error)).toContain("ask with a name");
    expect(log.lines).toEqual([]);
  });

  test("as a listener is logged, at once or later, and the others are told", async () => {
    scope.presence.onChange(() => {
      throw new Error("at once");
    });
    scope.presence.onChange(async () => {
      await Promise.resolve();
      throw new Error("later");
    });
    let told = 0;
    scope.presence.onChange(() => {
      told += 1;
    });
    other.presence.set({ game: "css" });
    await nextTurn();
    expect(told).toBe(1);
    expect(log.lines.map(({ message, fields }) => [message, fields["error"]])).toEqual([
      ["a listener to presence failed", new Error("at once")],
      ["a listener to presence failed", new Error("later")],
    ]);
  });
});
