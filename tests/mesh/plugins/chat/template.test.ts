import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { compileTemplate, Template } from "../../../../mesh/plugins/chat/template.ts";
import { hostileLine } from "../games/arbitraries.ts";

function applied(source: string, parts: Parameters<Template["apply"]>[0]): string {
  const template = compileTemplate(source);
  if (!(template instanceof Template)) throw new Error(template);
  return template.apply(parts);
}

test("a template puts each part in its place", () => {
  const parts = { server: "surf", player: "Alice", text: "hi", channel: "global", team: "red" };
  expect(applied("[{server}] {player}: {text}", parts)).toBe("[surf] Alice: hi");
  expect(applied("{channel} {team}{team} {text}!", parts)).toBe("global redred hi!");
});

test("what is not known is nothing", () => {
  expect(applied("({team}) {text}", { text: "hi" })).toBe("() hi");
});

test("what is put in is not looked at again", () => {
  const parts = { player: "{text}", text: "{player} $& {server}", server: "surf" };
  expect(applied("{player}: {text}", parts)).toBe("{text}: {player} $& {server}");
  fc.assert(
    fc.property(hostileLine, hostileLine, (player, text) => {
      expect(applied("<{player}> {text}", { player, text })).toBe(`<${player}> ${text}`);
    }),
  );
});

test("braces that hold nothing known are a mistake, lone ones are text", () => {
  expect(applied("}{ {text} {", { text: "hi" })).toBe("}{ hi {");
  const known = "known are {server}, {player}, {text}, {channel}, {team}";
  expect(compileTemplate("{plyer}: {text}")).toBe(`has an unknown {plyer}; ${known}`);
  expect(compileTemplate("{} {text}")).toBe(`has an unknown {}; ${known}`);
  expect(compileTemplate("{Text}")).toBe(`has an unknown {Text}; ${known}`);
});

test("a template without the text, or that is too long, is a mistake", () => {
  expect(compileTemplate("{player}")).toBe("shows nothing of what was said; add {text} to it");
  expect(compileTemplate(`{text}${"x".repeat(251)}`)).toBe(
    "has 257 characters, more than 256; shorten it",
  );
  expect(compileTemplate("{text}".repeat(11))).toBe(
    "has 11 placeholders, more than 10; leave some out",
  );
});
