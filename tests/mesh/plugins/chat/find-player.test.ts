import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { findPlayer, type FoundPlayer } from "../../../../mesh/plugins/chat/find-player.ts";
import { parseChatCommand } from "../../../../mesh/plugins/chat/commands.ts";

const players = new Map([
  ["surf", ["Alice", "bob", "Carol the Great", "Twin", "Twin"]],
  ["dust", ["Bob", "alan", "x@y", "Ünal"]],
  ["empty", []],
]);

function find(name: string, server?: string): FoundPlayer {
  return findPlayer(players, { name, server });
}

const found = (name: string, server: string): FoundPlayer => ({ kind: "found", name, server });
const nobody: FoundPlayer = { kind: "nobody" };

test("a name as it is comes before one in other capitals, and that before a beginning", () => {
  expect(find("Bob")).toEqual(found("Bob", "dust"));
  expect(find("bob")).toEqual(found("bob", "surf"));
  expect(find("ALICE")).toEqual(found("Alice", "surf"));
  expect(find("ali")).toEqual(found("Alice", "surf"));
  expect(find("ünal")).toEqual(found("Ünal", "dust"));
  expect(find("lice")).toEqual(nobody);
});

test("more than one are told, as they can be written", () => {
  expect(find("BOB")).toEqual({ kind: "ambiguous", candidates: ["bob@surf", "Bob@dust"], more: 0 });
  expect(find("al")).toEqual({
    kind: "ambiguous",
    candidates: ["Alice@surf", "alan@dust"],
    more: 0,
  });
  const crowd = new Map([["surf", Array.from({ length: 9 }, (_, at) => `the ${at}`)]]);
  expect(findPlayer(crowd, { name: "the", server: undefined })).toEqual({
    kind: "ambiguous",
    candidates: [0, 1, 2, 3, 4].map((at) => `"the ${at}"@surf`),
    more: 4,
  });
});

test("a server narrows it down", () => {
  expect(find("BOB", "dust")).toEqual(found("Bob", "dust"));
  expect(find("b", "SURF")).toEqual(found("bob", "surf"));
  expect(find("Alice", "dust")).toEqual(nobody);
  expect(find("Alice", "empty")).toEqual(nobody);
});

test("what follows an @ may be a part of the name", () => {
  expect(find("x", "y")).toEqual(found("x@y", "dust"));
  expect(find("x@y", "dust")).toEqual(found("x@y", "dust"));
  expect(find("x", "nowhere")).toEqual(nobody);
});

test("a name is found as it is shown and typed, and told as it is", () => {
  const odd = new Map([["surf", ["Bob  the   Builder", "@everyone", "A\u030angstrom"]]]);
  const findOdd = (name: string) => findPlayer(odd, { name, server: undefined });
  expect(findOdd("bob the builder")).toEqual(found("Bob  the   Builder", "surf"));
  expect(findOdd("@ every")).toEqual(found("@everyone", "surf"));
  expect(findOdd("\u00e5ng")).toEqual(found("A\u030angstrom", "surf"));
});

test("two of one name on one server are one; no name is nobody", () => {
  expect(find("twin")).toEqual(found("Twin", "surf"));
  expect(find("")).toEqual(nobody);
});

test("a candidate, written in a command, finds its player", () => {
  const name = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 8 })
    .map((text) => text.replaceAll('"', "'").trim())
    .filter((text) => text !== "");
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), (names) => {
      const both = new Map([
        ["surf", names],
        ["dust", names],
      ]);
      for (const one of names) {
        const many = findPlayer(both, { name: one, server: undefined });
        if (many.kind !== "ambiguous") throw new Error("there are two");
        const candidate = many.candidates.find((written) => written.endsWith("@dust"));
        const command = parseChatCommand(`!msg ${candidate} hi`, "!");
        if (command?.kind !== "msg") throw new Error(`${candidate} is no target`);
        expect(findPlayer(both, command.to)).toEqual(found(one, "dust"));
      }
    }),
  );
});
