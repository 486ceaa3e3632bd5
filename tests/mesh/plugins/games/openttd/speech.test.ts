import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { safeText } from "../../../../../mesh/plugins/games/openttd/safe-text.ts";
import {
  encodeLine,
  knowsExternalChat,
  SPEECH_COLOURS,
} from "../../../../../mesh/plugins/games/openttd/speech.ts";
import { adminPackets, FieldReader } from "../../../../helpers/games/openttd-packets.ts";
import { hostileLine } from "../arbitraries.ts";

const CHAT_BYTES = 900;
const GAME_PACKET_BYTES_MAX = 1460;
const line = fc.record({ source: hostileLine, user: hostileLine, text: hostileLine });

/** The one packet in the bytes, to be read. */
function onlyPacket(bytes: Buffer | undefined): {
  type: number;
  fields: FieldReader;
  body: Buffer;
} {
  const packets = adminPackets(bytes ?? Buffer.alloc(0));
  expect(packets).toHaveLength(1);
  const [{ type, body } = { type: -1, body: Buffer.alloc(0) }] = packets;
  return { type, fields: new FieldReader(body), body };
}

describe("external chat", () => {
  test("is what the server reads, uncut and with nothing replaced, whatever was said", () => {
    fc.assert(
      fc.property(line, (said) => {
        const text = safeText(said.text, 899);
        const bytes = encodeLine(said, { external: true, colour: "gold" });
        if (text === "") {
          expect(bytes).toBeUndefined();
          return;
        }
        const { type, fields, body } = onlyPacket(bytes);
        expect(type).toBe(8);
        expect(fields.text(CHAT_BYTES)).toBe(shown(safeText(said.source, 64) || "?"));
        expect(fields.u16()).toBe(2);
        expect(fields.text(CHAT_BYTES)).toBe(shown(safeText(said.user, 128) || "?"));
        expect(fields.text(CHAT_BYTES)).toBe(shown(text));
        expect(fields.rest).toBe(0);
        expect(body.length).toBeLessThan(GAME_PACKET_BYTES_MAX);
      }),
      { numRuns: 500 },
    );
  });

  test("fits into a packet of the game with every part at its longest", () => {
    const long = "é".repeat(2000);
    const said = { source: long, user: long, text: long };
    const { body } = onlyPacket(encodeLine(said, { external: true, colour: "red" }));
    expect(body.length).toBeGreaterThan(1000);
    expect(body.length).toBeLessThan(GAME_PACKET_BYTES_MAX);
  });
});

describe("the server's own chat", () => {
  test("is one line to everybody that names who spoke, whatever was said", () => {
    fc.assert(
      fc.property(line, (said) => {
        const bytes = encodeLine(said, { external: false, colour: "gold" });
        if (safeText(said.text, 899) === "") {
          expect(bytes).toBeUndefined();
          return;
        }
        const { type, fields } = onlyPacket(bytes);
        expect([type, fields.u8(), fields.u8(), fields.u32()]).toEqual([4, 3, 0, 0]);
        const heard = fields.text(CHAT_BYTES);
        expect(heard).toStartWith(`[${shown(safeText(said.source, 64) || "?")}] `);
        expect(Buffer.byteLength(heard)).toBeLessThanOrEqual(899);
        expect(heard).not.toMatch(/\p{Cc}/u);
        expect(fields.rest).toBe(0);
      }),
    );
  });

  test("is cut with all that stands before it", () => {
    const said = { source: "TF2", user: "Bob", text: "x".repeat(899) };
    const { fields } = onlyPacket(encodeLine(said, { external: false, colour: "gold" }));
    fields.u8();
    fields.u8();
    fields.u32();
    expect(fields.text(2000)).toBe(`[TF2] Bob: ${"x".repeat(885)}…`);
  });
});

describe("a whole line", () => {
  const said = { source: "TF2", user: "Bob", text: "hi", whole: "(tf2) Bob: hi" };

  /** What the game shows as the server's own. */
  function own(bytes: Buffer | undefined): string {
    const { type, fields } = onlyPacket(bytes);
    expect([type, fields.u8(), fields.u8(), fields.u32()]).toEqual([4, 3, 0, 0]);
    return fields.text(CHAT_BYTES);
  }

  test("is shown as it is, where there are no names or they are not shown apart", () => {
    const colour = "gold";
    expect(own(encodeLine("as it is", { external: true, colour }))).toBe("as it is");
    expect(own(encodeLine("as it is", { external: false, colour }))).toBe("as it is");
    expect(own(encodeLine(said, { external: false, colour }))).toBe("(tf2) Bob: hi");
    for (const names of [{ user: "\u200b" }, { source: " " }]) {
      expect(own(encodeLine({ ...said, ...names }, { external: true, colour }))).toBe(said.whole);
    }
  });

  test("gives way to the names, where they are shown apart", () => {
    const { type, fields } = onlyPacket(encodeLine(said, { external: true, colour: "gold" }));
    expect([type, fields.text(CHAT_BYTES), fields.u16(), fields.text(CHAT_BYTES)]).toEqual([
      8,
      "TF2",
      2,
      "Bob",
    ]);
  });

  test("is one line of what can be seen, whatever stands in it", () => {
    fc.assert(
      fc.property(hostileLine, (text) => {
        const bytes = encodeLine(text, { external: true, colour: "gold" });
        if (safeText(text, 899) === "") expect(bytes).toBeUndefined();
        else expect(own(bytes)).toBe(shown(safeText(text, 899)));
      }),
    );
  });
});

test("external chat is for servers since 12.0, and for builds that have no such version", () => {
  for (const version of [
    "12.0-RC1",
    "12.2",
    "13.0",
    "14.1",
    "15.0",
    "jgrpp-0.57",
    "20260101-master-gabc",
  ]) {
    expect(knowsExternalChat(version)).toBe(true);
  }
  for (const version of ["1.4.0", "1.11.2", "11.9"]) expect(knowsExternalChat(version)).toBe(false);
});

test("the colours are those of the palette", () => {
  const numbers: number[] = Object.values(SPEECH_COLOURS);
  expect(numbers).toEqual(Array.from({ length: 17 }, (_, index) => index));
});

/** A replacement character is shown as it is; the game has a question mark for it. */
function shown(text: string): string {
  return text.replaceAll("\ufffd", "?");
}
