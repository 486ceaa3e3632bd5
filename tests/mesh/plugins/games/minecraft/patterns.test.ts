import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SettingsReader } from "../../../../../mesh/index.ts";
import { MINECRAFT_PATTERNS } from "../../../../../mesh/plugins/games/minecraft/patterns.ts";
import { chatLine } from "../../../../../mesh/plugins/games/text/chat-line.ts";
import { LineGrammar } from "../../../../../mesh/plugins/games/text/grammar.ts";
import { readPatterns } from "../../../../../mesh/plugins/games/text/read-patterns.ts";
import { hostileLine } from "../arbitraries.ts";

const HEAD = "[12:06:44] [Server thread/INFO]: ";

const grammar = new LineGrammar({
  patterns: readPatterns(new SettingsReader({}), MINECRAFT_PATTERNS),
  speech: { say: () => "unsupported", tell: () => "unsupported" },
});

describe("a line of the log", () => {
  const heads = [
    HEAD,
    "[12:06:44] [Async Chat Thread - #1/INFO]: ",
    "[00:12:10 INFO]: ",
    "[12:06:44] [Server thread/INFO] [minecraft/DedicatedServer]: ",
    "[22Nov2026 12:06:44.123] [Server thread/INFO] [net.minecraft.server/]: ",
  ];

  test("tells what is said, on any server", () => {
    for (const head of heads) {
      for (const mark of ["", "[Not Secure] "]) {
        expect(grammar.read(`${head}${mark}<Alice> hi <there>: "x"`)).toEqual({
          type: "chat",
          audience: "all",
          player: { name: "Alice" },
          text: 'hi <there>: "x"',
        });
      }
    }
    expect(grammar.read(`${HEAD}<[VIP] Alice> hi`)).toMatchObject({
      player: { name: "[VIP] Alice" },
    });
  });

  test("tells who comes and goes", () => {
    for (const name of ["Alice", ".Bedrock_1", "x"]) {
      expect(grammar.read(`${HEAD}${name} joined the game`)).toEqual({
        type: "join",
        player: { name },
      });
      expect(grammar.read(`${HEAD}${name} left the game`)).toEqual({
        type: "leave",
        player: { name },
      });
    }
    expect(grammar.read(`${HEAD}Al (formerly known as Bo) joined the game`)).toEqual({
      type: "join",
      player: { name: "Al" },
    });
  });

  test("of the server itself is ignored", () => {
    const lines = [
      "[Server] <Bob> hi",
      "[Not Secure] [Server] hi",
      "[Not Secure] [Rcon] hi",
      "[Rcon: Set the time to 1000]",
      "Thread RCON Client /127.0.0.1 started",
      "UUID of player Alice is 123",
      "Alice[/127.0.0.1:5000] logged in with entity id 7 at (1, 2, 3)",
      "Alice lost connection: Disconnected",
      "Alice issued server command: /op Eve",
      "Alice has made the advancement [Stone Age]",
    ];
    for (const line of lines) expect(grammar.read(HEAD + line)).toBe("ignored");
  });

  test("of anything else is not understood", () => {
    const lines = [
      `${HEAD}* Alice joined the game`,
      `${HEAD}[Alice] <Bob> hi`,
      `${HEAD}Alice was slain by <Bob> hi`,
      `${HEAD}Alice was slain by Bob joined the game`,
      `${HEAD}<> hi`,
      `x ${HEAD}<Bob> hi`,
      "<Bob> hi",
      "",
    ];
    for (const line of lines) expect(grammar.read(line)).toBeUndefined();
  });

  test("makes nobody else of who speaks, whatever the text", () => {
    const text = fc.oneof(
      hostileLine,
      fc
        .array(
          fc.constantFrom("<Bob> ", HEAD, " joined the game", "Bob", "]: ", "[Server] ", ">", "<"),
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (said) => {
        const read = grammar.read(`${HEAD}<Alice> ${said}`);
        if (read === undefined || read === "ignored") {
          expect(chatLine(said)).toBe("");
          return;
        }
        expect(read).toMatchObject({ type: "chat", player: { name: "Alice" } });
      }),
      { numRuns: 1000 },
    );
  });
});
