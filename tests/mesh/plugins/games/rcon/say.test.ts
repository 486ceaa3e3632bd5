import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { chatLine } from "../../../../../mesh/plugins/games/rcon/chat-line.ts";
import { minecraftTellraw } from "../../../../../mesh/plugins/games/rcon/minecraft-tellraw.ts";
import {
  SOURCE_SAY_BYTES_MAX,
  sourceSay,
} from "../../../../../mesh/plugins/games/rcon/source-say.ts";

/** The commands that the console of a Source game makes of a text. */
function sourceCommands(text: string): string[] {
  const commands: string[] = [];
  let command = "";
  let isQuoted = false;
  let isComment = false;
  const end = (): void => {
    if (command.trim() !== "") commands.push(command.trim());
    command = "";
    isQuoted = false;
    isComment = false;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === "\n" || (character === ";" && !isQuoted && !isComment)) {
      end();
      continue;
    }
    if (isComment) continue;
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && text.startsWith("//", i)) isComment = true;
    else command += character;
  }
  end();
  return commands;
}

/** What the game then shows: without the quotes around it, cut at 127 bytes, one of them a quote. */
function shownBySource(command: string): string {
  const text = command.replace(/^say +/, "");
  const inner = text.startsWith('"') ? text.slice(1, -1) : text;
  return Buffer.from(inner).subarray(0, 126).toString("utf8");
}

/** What Minecraft's console makes of a tellraw: whom it is for, and the text component. */
function readTellraw(command: string): { target: string; component: unknown; json: string } {
  const match = /^tellraw (\S+) (.*)$/su.exec(command);
  if (match === null) throw new Error("it is not a tellraw");
  const [, target = "", json = ""] = match;
  return { target, component: JSON.parse(json), json };
}

const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...Array.from("\";\n\r\t\\/'{}()%#@§:,[]"),
        "//",
        "; quit",
        '" ; rcon_password x',
        "\u0000",
        "\u0007",
        "\u001b[31m",
        "\u0085",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\ud800",
        "\udfff",
        "e\u0301",
        "👩‍👩‍👧‍👦",
        "🇩🇪",
        '\\"',
        "\\u0022",
        '"},{"selector":"@a"',
      ),
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "binary" }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202A-\u202E\u2066-\u2069]/u;

describe("a line of chat", () => {
  test("keeps what people write and loses what moves or hides it", () => {
    expect(chatLine("  hello\r\nworld\t! ")).toBe("hello world !");
    expect(chatLine("a\u001b[31mb\u0000c\u202ed")).toBe("a[31mbcd");
    expect(chatLine("👩‍👩‍👧‍👦 नमस्ते e\u0301")).toBe("👩‍👩‍👧‍👦 नमस्ते e\u0301");
    expect(chatLine("x\ud800y")).toBe("x\ufffdy");
    expect(chatLine("\u202e \u0007\n")).toBe("");
  });

  test("holds nothing unsafe, whatever it was", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(chatLine(text)).not.toMatch(UNSAFE);
      }),
    );
  });
});

describe("say, on a Source server", () => {
  test("quotes the text, and makes quotes in it apostrophes", () => {
    expect(sourceSay("hello; world // yes")).toBe('say "hello; world // yes"');
    expect(sourceSay('he said "hi"')).toBe("say \"he said 'hi'\"");
    expect(sourceSay(" \n\u0000")).toBeUndefined();
    expect(sourceSay("x".repeat(500))).toBe(`say "${"x".repeat(SOURCE_SAY_BYTES_MAX)}"`);
  });

  test("the rules that it is tested against run what is not made safe", () => {
    expect(sourceCommands("say hi; quit")).toEqual(["say hi", "quit"]);
    expect(sourceCommands('say "a"; quit; "b"')).toEqual(['say "a"', "quit", '"b"']);
    expect(sourceCommands('say "hi\nquit"')).toEqual(['say "hi', 'quit"']);
    expect(sourceCommands("say http://x; hidden\nquit")).toEqual(["say http:", "quit"]);
    expect(sourceCommands('say "http://x; y"')).toEqual(['say "http://x; y"']);
  });

  test("is one command that shows the line, whatever the text", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const command = sourceSay(text);
        const line = chatLine(text);
        if (command === undefined) {
          expect(line).toBe("");
          return;
        }
        expect(sourceCommands(`${command}\n`)).toEqual([command]);
        const shown = shownBySource(command);
        expect(shown).not.toBe("");
        expect(shown).not.toMatch(UNSAFE);
        expect(line.replaceAll('"', "'").startsWith(shown)).toBe(true);
        expect(command).toBe(`say "${shown}"`);
      }),
      { numRuns: 500 },
    );
  });
});

describe("tellraw, on a Minecraft server", () => {
  test("is a text component of the text alone", () => {
    expect(minecraftTellraw('he said "hi" \\o/')).toBe(
      String.raw`tellraw @a {"text":"he said \"hi\" \\o/"}`,
    );
    expect(minecraftTellraw("§k§4red", "Steve_2")).toBe('tellraw Steve_2 {"text":"k4red"}');
    expect(minecraftTellraw("§\n")).toBeUndefined();
  });

  test("refuses a target that is more than a target", () => {
    for (const target of ["", "@a[tag=x]", "Steve @a", "@e", 'a"', "a\n", "x".repeat(17)]) {
      expect(() => minecraftTellraw("hi", target)).toThrow("the target of tellraw is @a");
    }
  });

  test("is one command that shows the line, whatever the text", () => {
    const long = fc.tuple(hostileText, fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(long, ([text, times]) => {
        const repeated = text.repeat(times);
        const command = minecraftTellraw(repeated);
        const line = chatLine(repeated.replaceAll("§", ""));
        if (command === undefined) {
          expect(line).toBe("");
          return;
        }
        expect(Buffer.byteLength(command)).toBeLessThanOrEqual(1446);
        expect(command).not.toMatch(UNSAFE);
        const { target, component, json } = readTellraw(command);
        expect(target).toBe("@a");
        const shown = Object(component).text;
        expect(component).toEqual({ text: shown });
        expect(line.startsWith(shown)).toBe(true);
        expect(shown).not.toBe("");
        // Either notation reads these two escapes alike, and no others are used.
        expect(json.replaceAll(/\\["\\]/g, "")).not.toContain("\\");
        if (Buffer.byteLength(line) < 700) expect(shown).toBe(line);
      }),
      { numRuns: 300 },
    );
  });
});
