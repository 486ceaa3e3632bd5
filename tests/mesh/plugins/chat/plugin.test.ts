import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { BunFile } from "bun";
import { GameHub } from "../../../../mesh/game/game-hub.ts";
import { PluginHost } from "../../../../mesh/plugin-host.ts";
import { Endpoint } from "../../../../src/index.ts";
import { NO_DURABLE } from "../../../helpers/no-durable.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";
import { until } from "../../../helpers/turns.ts";
import { localMessenger } from "../../local-messenger.ts";

interface ChatHost extends AsyncDisposable {
  readonly host: PluginHost;
  readonly file: BunFile;
  /** Another node publishes a line; resolves with what the game is given. */
  hears(id: string, text: string): Promise<string>;
}

/** The relay in a host, beside a game that shows all it is given. */
async function chatHost(settings: Readonly<Record<string, string>> = {}): Promise<ChatHost> {
  const folder = await TempFolder.create();
  const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  const game = new GameHub();
  let shown = Promise.withResolvers<string>();
  game.provide(
    {
      status: { adapter: "test", game: "test", state: "up", map: null, players: [] },
      say: async ({ text }) => {
        shown.resolve(text);
        return "sent";
      },
      tell: async () => "unsupported",
    },
    "a test",
  );
  const messenger = localMessenger();
  const host = new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger,
    durable: NO_DURABLE,
    log: new RecordingLogger(),
    game,
    dataFolder: folder.path,
    folders: [folder.path],
    builtIn: ["chat"],
  });
  await host.apply([], new Map([["chat", settings]]));
  return {
    host,
    file: Bun.file(folder.at("plugins/chat/shown.json")),
    hears: (id, text) => {
      shown = Promise.withResolvers();
      messenger.publish("chat.global", { v: 1, id, type: "chat", payload: { text } });
      return shown.promise;
    },
    [Symbol.asyncDispose]: async () => {
      await host.unloadAll();
      await endpoint.close(0);
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("what the game was shown is known after a reload, lest it is shown again as a line of the past", async () => {
  await using chat = await chatHost();
  expect(await chat.hears("one", "hello")).toBe("[surf] hello");
  await chat.host.reload("chat");
  expect(await chat.file.json()).toEqual(["one"]);
  await chat.host.reload("chat");
  expect(await chat.file.json()).toEqual(["one"]);
});

test("where nothing was shown, nothing is kept", async () => {
  await using chat = await chatHost();
  await chat.host.reload("chat");
  expect(await chat.file.exists()).toBe(false);
});

test("what the game was shown is in the file soon, lest a crash has it shown again", async () => {
  await using chat = await chatHost({ history: "10" });
  expect(await chat.hears("one", "hello")).toBe("[surf] hello");
  await until(() => existsSync(chat.file.name ?? ""));
  expect(await chat.file.json()).toEqual(["one"]);
});
