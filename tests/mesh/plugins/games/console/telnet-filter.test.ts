import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { TelnetFilter } from "../../../../../mesh/plugins/games/console/telnet-filter.ts";

/** What is left of the chunks, and what is answered to them. */
function filtered(...chunks: (readonly number[])[]): { text: number[]; answers: number[] } {
  const answers: number[] = [];
  const filter = new TelnetFilter((bytes) => answers.push(...bytes));
  const text: number[] = [];
  for (const chunk of chunks) text.push(...filter.take(Uint8Array.from(chunk)));
  return { text, answers };
}

describe("telnet", () => {
  const options = [65, 255, 251, 25, 66, 255, 253, 3, 255, 252, 1, 255, 254, 1];
  const more = [255, 250, 24, 1, 255, 255, 10, 255, 240, 67, 255, 241, 255, 255, 68];
  const whole = [...options, ...more];
  const wanted = {
    text: [65, 66, 67, 255, 68],
    answers: [255, 254, 25, 255, 252, 3],
  };

  test("is taken out of the text, and every option is refused", () => {
    expect(filtered(whole)).toEqual(wanted);
  });

  test("wherever it is cut", () => {
    for (let at = 0; at <= whole.length; at++) {
      expect(filtered(whole.slice(0, at), whole.slice(at))).toEqual(wanted);
    }
    expect(filtered(...whole.map((byte) => [byte]))).toEqual(wanted);
  });

  test("leaves text without it alone, and never makes more of what comes", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.array(byte), (bytes) => {
        const { text, answers } = filtered(bytes);
        if (!bytes.includes(255)) expect(text).toEqual(bytes);
        expect(text.length).toBeLessThanOrEqual(bytes.length);
        expect(answers.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
