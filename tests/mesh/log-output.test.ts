import { describe, expect, test } from "bun:test";
import { type LogStream, logOutput } from "../../mesh/log-output.ts";

/** A stream that takes nothing until it is told to. */
class SlowStream implements LogStream {
  readonly written: string[] = [];
  isHeard = false;
  #waiting: { readonly text: string; readonly done: (error?: Error) => void }[] = [];

  write(text: string, done: (error?: Error) => void): boolean {
    this.#waiting.push({ text, done });
    return false;
  }

  on(): void {
    this.isHeard = true;
  }

  /** Writes what waits, or fails to. */
  flush(error?: Error): void {
    for (const { text, done } of this.#waiting.splice(0)) {
      if (error === undefined) this.written.push(text);
      done(error);
    }
  }
}

function rig(waitingBytesMax: number): { stream: SlowStream; write: (line: string) => void } {
  const stream = new SlowStream();
  const write = logOutput({
    stream,
    waitingBytesMax,
    onLost: (lines) => write(`${lines} lost`),
  });
  return { stream, write };
}

describe("a stream that nobody reads", () => {
  test("holds so many bytes and no more; what was lost is told once there is room", () => {
    const { stream, write } = rig(14);
    for (const line of ["123456", "ABCDEF", "", "lost"]) write(line);
    stream.flush();
    expect(stream.written).toEqual(["123456\n", "ABCDEF\n"]);
    write("on");
    stream.flush();
    expect(stream.written.slice(2)).toEqual(["2 lost\n", "on\n"]);
  });

  test("says nothing of lost lines where none were", () => {
    const { stream, write } = rig(10);
    for (let i = 0; i < 3; i++) {
      write("12345678");
      stream.flush();
    }
    stream.flush();
    expect(stream.written).toEqual(["12345678\n", "12345678\n", "12345678\n"]);
  });
});

test("a disk that is full loses lines, and they are told of once it is not", () => {
  const { stream, write } = rig(100);
  expect(stream.isHeard).toBe(true);
  for (let i = 0; i < 1000; i++) {
    write("lost");
    stream.flush(new Error("ENOSPC"));
  }
  write("on");
  stream.flush();
  stream.flush();
  expect(stream.written).toEqual(["on\n", "1000 lost\n"]);
});
