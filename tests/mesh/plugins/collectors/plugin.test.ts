import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { Taps } from "../../../../mesh/durable/taps.ts";
import { Outbox } from "../../../../mesh/outbox/outbox.ts";
import { PluginHost } from "../../../../mesh/plugin-host.ts";
import { eventBytes } from "../../../../mesh/plugins/collectors/event-bytes.ts";
import { Endpoint } from "../../../../src/index.ts";
import { LineReceiver } from "../../../helpers/collectors/line-receiver.ts";
import { NO_DURABLE } from "../../../helpers/no-durable.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";
import { until } from "../../../helpers/turns.ts";
import { localMessenger } from "../../local-messenger.ts";

let folder: TempFolder;
let endpoint: Endpoint;

beforeEach(async () => {
  folder = await TempFolder.create();
  endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
});

afterEach(async () => {
  await endpoint.close();
  await folder[Symbol.asyncDispose]();
});

test("where one collector cannot run, the others are ended", async () => {
  let requests = 0;
  const receiver = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      requests += 1;
      return new Response("no", { status: 500 });
    },
  });
  await using outbox = Outbox.open({ folder: folder.path, limits: { queuesMax: 1 } });
  const queue = outbox.queue("collectors:a", { bytesMax: 1_000_000, whenFull: "refuse" });
  await queue.append(eventBytes("surf", "a", "waits since the last start"));
  const host = new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger: localMessenger(),
    durable: {
      ...NO_DURABLE,
      open: () => outbox,
      use: () => ({ remove: () => {} }),
      tap: () => ({ remove: () => {} }),
    },
    log: new RecordingLogger(),
    folders: [],
    builtIn: ["collectors"],
  });
  const settings = Object.fromEntries(
    ["a", "b"].flatMap((name) => [
      [`${name}.url`, `http://127.0.0.1:${receiver.port}/`],
      [`${name}.topics`, ">"],
      [`${name}.batch_ms`, "0"],
      [`${name}.retry_min_ms`, "10"],
      [`${name}.retry_max_ms`, "10"],
    ]),
  );
  await host.apply([], new Map([["collectors", settings]]));
  expect(host.list()).toMatchObject([
    { state: "failed", error: expect.stringContaining("queues") },
  ]);
  const before = requests;
  // As long as ten attempts take.
  await Bun.sleep(100);
  expect(requests).toBe(before);
  expect(queue.status().depth).toBe(1);
  await host.unloadAll();
  await receiver.stop(true);
});

test("an event has the same id for every collector", async () => {
  await using outbox = Outbox.open({ folder: folder.path });
  const taps = new Taps();
  const host = new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger: localMessenger(),
    durable: {
      ...NO_DURABLE,
      open: () => outbox,
      use: () => ({ remove: () => {} }),
      tap: (patterns, tap) => taps.add(patterns, tap),
    },
    log: new RecordingLogger(),
    folders: [],
    builtIn: ["collectors"],
  });
  const settings = {
    "a.url": "http://127.0.0.1:9/",
    "a.topics": "shop.*",
    "b.url": "http://127.0.0.1:9/",
    "b.topics": ">",
  };
  await host.apply([], new Map([["collectors", settings]]));
  const texts = taps
    .take("shop.bought", { item: "hat" })
    .map(({ bytes }) => new TextDecoder().decode(bytes));
  expect(texts.length).toBe(2);
  expect(texts[1]).toBe(texts[0] ?? "");
  expect(taps.take("other", 1).length).toBe(1);
  await host.unloadAll();
});

test("a collector whose folder is not there runs, says so at once, and delivers once it is", async () => {
  await using outbox = Outbox.open({ folder: folder.path });
  const log = new RecordingLogger();
  const taps = new Taps();
  const host = new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger: localMessenger(),
    durable: {
      ...NO_DURABLE,
      open: () => outbox,
      use: () => ({ remove: () => {} }),
      tap: (patterns, tap) => taps.add(patterns, tap),
    },
    log,
    folders: [],
    builtIn: ["collectors"],
  });
  const settings = {
    "a.url": `file://${folder.at("later/x")}`,
    "a.topics": ">",
    "a.batch_ms": "0",
    "a.retry_min_ms": "10",
    "a.retry_max_ms": "10",
  };
  await host.apply([], new Map([["collectors", settings]]));
  const place = folder.at("later");
  const text = `events will wait: url: ${place}/x: the folder ${place} is not there; make it`;
  expect(await log.logged(text)).toMatchObject({ level: "warn", fields: { collector: "a" } });
  await mkdir(place);
  for (const { tap, bytes } of taps.take("shop.bought", 1)) {
    await tap.queue.append(bytes);
    tap.onAppended();
  }
  await until(() => outbox.opened("collectors:a")?.status().depth === 0);
  expect(await readFile(`${place}/x`, "utf8")).toContain("shop.bought");
  await host.unloadAll();
});

test("what a receiver had not read before the settings changed, reaches it afterwards", async () => {
  await using outbox = Outbox.open({ folder: folder.path });
  const taps = new Taps();
  const host = new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger: localMessenger(),
    durable: {
      ...NO_DURABLE,
      open: () => outbox,
      use: () => ({ remove: () => {} }),
      tap: (patterns, tap) => taps.add(patterns, tap),
    },
    log: new RecordingLogger(),
    folders: [],
    builtIn: ["collectors"],
  });
  const first = await LineReceiver.listen({ onConnection: () => undefined });
  const { port } = first;
  const settings = {
    "a.url": `tcp://127.0.0.1:${port}`,
    "a.topics": ">",
    "a.batch_ms": "0",
  };
  await host.apply([], new Map([["collectors", settings]]));
  for (const { tap, bytes } of taps.take("shop.bought", 1)) {
    await tap.queue.append(bytes);
    tap.onAppended();
  }
  await until(() => outbox.opened("collectors:a")?.status().depth === 0);
  for (const socket of first.connections) socket.resetAndDestroy();
  await first[Symbol.asyncDispose]();
  await host.apply([], new Map([["collectors", { ...settings, "a.timeout_ms": "5000" }]]));
  await using second = await LineReceiver.listen({ port });
  await second.received(1);
  expect(second.lines[0]).toContain("shop.bought");
  await host.unloadAll();
});
