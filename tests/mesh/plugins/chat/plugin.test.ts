import { expect, test } from "bun:test";
import { GameHub } from "../../../../mesh/game/game-hub.ts";
import { PluginHost } from "../../../../mesh/plugin-host.ts";
import { Endpoint } from "../../../../src/index.ts";
import { NO_DURABLE } from "../../../helpers/no-durable.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";
import { localMessenger } from "../../local-messenger.ts";

test("what the game was shown is known after a reload, lest it is shown again as a line of the past", async () => {
  await using folder = await TempFolder.create();
  await using endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  const game = new GameHub();
  const shown = Promise.withResolvers<string>();
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
  await host.apply([], new Map());
  const payload = { v: 1, id: "one", type: "chat", payload: { text: "hello" } };
  messenger.publish("chat.global", payload);
  expect(await shown.promise).toBe("[surf] hello");
  await host.reload("chat");
  const file = Bun.file(folder.at("plugins/chat/shown.json"));
  expect(await file.json()).toEqual(["one"]);
  await host.reload("chat");
  expect(await file.json()).toEqual(["one"]);
  await host.unloadAll();
});
