import { expect, test } from "bun:test";
import { SettingsReader } from "../../../../../mesh/index.ts";
import { readOverrides } from "../../../../../mesh/plugins/games/text/overrides.ts";

const player = { name: "Ann" };

test("read what is written, in the order of the kinds, and replace no other kind", () => {
  const settings = new SettingsReader({
    ignore: "^#",
    chat: ["^(?<player>[^:]+): (?<text>.*)$", "^<(?<player>.*)> (?<text>.*)$"],
    leave: "",
  });
  const overrides = readOverrides(settings);
  settings.refuseUnknown("[game]");
  expect(settings.problems).toEqual([]);
  expect(overrides.read("#Ann: hi")).toBe("ignored");
  const chat = { type: "chat", audience: "all", player, text: "hi" } as const;
  expect(overrides.read("<Ann> hi")).toEqual(chat);
  expect(overrides.read("-Ann")).toBeUndefined();
  const events = [
    chat,
    { ...chat, audience: "team" },
    { ...chat, audience: "admin" },
    { type: "join", player },
    { type: "leave", player },
    { type: "rename", player, before: "Al" },
    { type: "map", map: "dm1" },
  ] as const;
  expect(events.filter((event) => overrides.replaces(event))).toEqual([
    chat,
    { type: "leave", player },
  ]);
  expect(overrides.replacesKind(undefined)).toBe(false);
});

test("are none where nothing is written", () => {
  const overrides = readOverrides(new SettingsReader({}));
  expect(overrides.read("Ann: hi")).toBeUndefined();
  expect(overrides.replaces({ type: "map", map: "dm1" })).toBe(false);
});
