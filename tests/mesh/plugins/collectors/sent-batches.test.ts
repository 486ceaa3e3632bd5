import { beforeEach, describe, expect, test } from "bun:test";
import { SentBatches } from "../../../../mesh/plugins/collectors/sent-batches.ts";
import { KEPT_BYTES_MAX, KEPT_MS_MAX } from "../../../../mesh/plugins/collectors/socket-limits.ts";

describe("what was sent without an acknowledgement", () => {
  let nowMs: number;
  let sent: SentBatches;

  beforeEach(() => {
    nowMs = 0;
    sent = new SentBatches({ resendMs: 1000, nowMs: () => nowMs });
  });

  function add(text: string, atMs: number): void {
    nowMs = atMs;
    sent.add(Buffer.from(text));
  }

  function lost(): string[] {
    return sent.lost.map((bytes) => Buffer.from(bytes).toString());
  }

  test("is not lost while the connection lasts", () => {
    add("a", 0);
    expect(lost()).toEqual([]);
  });

  test("comes again after an orderly end if it was sent just before", () => {
    add("old", 0);
    add("a", 500);
    add("b", 1400);
    nowMs = 1499;
    sent.onEnd("finished");
    expect(lost()).toEqual(["a", "b"]);
  });

  test("comes again, all of it, after a connection broke", () => {
    add("old", 0);
    add("a", 500_000);
    nowMs = 600_000;
    sent.onEnd("broken");
    expect(lost()).toEqual(["old", "a"]);
  });

  test("is forgotten once no system would still hold it", () => {
    add("old", 0);
    add("a", KEPT_MS_MAX);
    sent.onEnd("broken");
    expect(lost()).toEqual(["a"]);
  });

  test("is kept up to a bound of bytes, the last one whatever its size", () => {
    const half = "x".repeat(KEPT_BYTES_MAX / 2);
    for (const start of ["1", "2", "3"]) add(`${start}${half.slice(1)}`, 0);
    sent.onEnd("broken");
    expect(lost().map(([start]) => start)).toEqual(["2", "3"]);
    sent.onResent();
    add("y".repeat(KEPT_BYTES_MAX + 1), 0);
    sent.onEnd("broken");
    expect(lost().map(([start]) => start)).toEqual(["y"]);
  });

  test("comes before what is sent later, and may be lost again, but not for ever", () => {
    add("a", 0);
    for (let times = 0; times < 3; times++) {
      sent.onEnd("broken");
      expect(lost()).toEqual(["a"]);
      sent.onResent();
      expect(lost()).toEqual([]);
    }
    add("b", 0);
    sent.onEnd("broken");
    expect(lost()).toEqual(["b"]);
  });

  test("waits in order while nobody is there", () => {
    add("a", 0);
    sent.onEnd("broken");
    sent.onEnd("broken");
    add("b", 1);
    sent.onEnd("finished");
    expect(lost()).toEqual(["a", "b"]);
  });
});
