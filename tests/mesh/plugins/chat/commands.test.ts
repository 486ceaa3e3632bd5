import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type ChatCommand, parseChatCommand } from "../../../../mesh/plugins/chat/commands.ts";
import { hostileLine } from "../games/arbitraries.ts";

function message(name: string, server: string | undefined, text: string): ChatCommand {
  return { kind: "msg", to: { name, server }, text };
}

const usage: ChatCommand = {
  kind: "usage",
  usage: '!msg name text, !msg name@server text or !msg "a name" text',
};

test.each<[string, ChatCommand | undefined]>([
  ["!msg Bob hi there", message("Bob", undefined, "hi there")],
  ["  !MSG   Bob   hi  there ", message("Bob", undefined, "hi  there")],
  ["!msg Bob@surf hi", message("Bob", "surf", "hi")],
  ["!msg a@b@surf hi", message("a@b", "surf", "hi")],
  ["!msg @surf hi", message("@surf", undefined, "hi")],
  ["!msg Bob@ hi", message("Bob@", undefined, "hi")],
  ['!msg "Bob the 2nd" hi', message("Bob the 2nd", undefined, "hi")],
  ['!msg "a@b c"@surf hi', message("a@b c", "surf", "hi")],
  ['!msg Bob say "hi"', message("Bob", undefined, 'say "hi"')],
  ["!players", { kind: "players" }],
  ["!players now", { kind: "players" }],
  ["!msg", usage],
  ["!msg Bob", usage],
  ['!msg "Bob hi', usage],
  ['!msg " " hi', usage],
  ['!msg "Bob"x hi', usage],
  ["!msgs Bob hi", undefined],
  ["! msg Bob hi", undefined],
  ["msg Bob hi", undefined],
  ["hi !players", undefined],
  ["", undefined],
])("%j", (text, expected) => {
  expect(parseChatCommand(text, "!")).toEqual(expected);
});

test("a prefix may be longer", () => {
  expect(parseChatCommand("mesh.players", "mesh.")).toEqual({ kind: "players" });
  expect(parseChatCommand("!players", "mesh.")).toBeUndefined();
});

test("whatever follows is a message or how to write one", () => {
  fc.assert(
    fc.property(hostileLine, (text) => {
      const command = parseChatCommand(`!msg ${text}`, "!");
      expect(["msg", "usage"]).toContain(command?.kind ?? "");
      if (command?.kind === "msg") {
        expect(command.to.name).not.toBe("");
        expect(text).toContain(command.text);
      }
    }),
    { numRuns: 300 },
  );
});
