import { describe, expect, test } from "bun:test";
import { LineAnswers } from "../../../../mesh/plugins/collectors/line-answers.ts";
import { ANSWER_BYTES_MAX } from "../../../../mesh/plugins/collectors/socket-limits.ts";

async function answerOf(...chunks: readonly (string | Uint8Array)[]): Promise<string | undefined> {
  const answers = new LineAnswers();
  const answer = answers.next();
  for (const chunk of chunks) answers.push(Buffer.from(chunk));
  answers.stop();
  return await answer;
}

describe("an answer in UTF-8", () => {
  const LINE = "refused: größe ≠ maß 🎮";

  test("is read as it was written, wherever it is cut", async () => {
    const bytes = Buffer.from(`${LINE}\r\nmore`);
    expect(await answerOf(bytes)).toBe(LINE);
    expect(await answerOf(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(LINE);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await answerOf(bytes.subarray(0, at), bytes.subarray(at))).toBe(LINE);
    }
  });

  test("is cut between two characters where it is too long", async () => {
    for (const before of ["", "x", "xx"]) {
      const line = await answerOf(before, "≠".repeat(ANSWER_BYTES_MAX), "\n");
      expect(line).toMatch(/^x*≠+$/);
      expect(Buffer.byteLength(line ?? "")).toBeLessThanOrEqual(ANSWER_BYTES_MAX);
    }
  });

  test("has a replacement where bytes are none", async () => {
    expect(await answerOf(Uint8Array.of(0x6f, 0xff, 0x6b), "\n")).toBe("o\ufffdk");
  });
});
