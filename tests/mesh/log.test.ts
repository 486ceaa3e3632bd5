import { describe, expect, test } from "bun:test";
import { createLogger, type Logger, type LoggerOptions } from "../../mesh/log.ts";

/** 2026-01-02 07:11:12 in whichever time zone the tests run. */
const NOW = new Date(2026, 0, 2, 7, 11, 12);

function capture(options: Partial<LoggerOptions> = {}): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    format: "text",
    write: (line) => lines.push(line),
    now: () => NOW,
    ...options,
  });
  return { log, lines };
}

function textOf(fields: Record<string, unknown>): string | undefined {
  const { log, lines } = capture();
  log.info("m", fields);
  return lines[0]?.replace("2026-01-02 07:11:12 INFO  m  ", "");
}

function jsonOf(fields: Record<string, unknown>, options: Partial<LoggerOptions> = {}): unknown {
  const { log, lines } = capture({ format: "json", ...options });
  log.info("m", fields);
  const { time, level, message, ...rest } = JSON.parse(lines[0] ?? "");
  expect([time, level, message]).toEqual([NOW.toISOString(), "info", "m"]);
  return rest;
}

describe("lines", () => {
  test("text is the time, the level, the message and the fields", () => {
    const { log, lines } = capture();
    log.info("listening");
    log.warn("link lost", { peer: "surf", silentMs: 8000, why: "no answer", empty: "" });
    expect(lines).toEqual([
      "2026-01-02 07:11:12 INFO  listening",
      '2026-01-02 07:11:12 WARN  link lost  peer=surf silentMs=8000 why="no answer" empty=""',
    ]);
  });

  test("JSON is one object with the same", () => {
    const { log, lines } = capture({ format: "json" });
    log.error("link lost", { peer: "surf", silentMs: 8000 });
    expect(lines).toEqual([
      `{"time":"${NOW.toISOString()}","level":"error","message":"link lost","peer":"surf","silentMs":8000}`,
    ]);
  });

  test("what is below the level is not written", () => {
    const written = (level: LoggerOptions["level"]) => {
      const { log, lines } = capture({ level });
      log.debug("a");
      log.info("b");
      log.warn("c");
      log.error("d");
      return lines.map((line) => line.at(-1)).join("");
    };
    expect(written("debug")).toBe("abcd");
    expect(written("info")).toBe("bcd");
    expect(written("warn")).toBe("cd");
    expect(written("error")).toBe("d");
  });

  test("a child adds its fields, and the line's own win", () => {
    const { log, lines } = capture();
    const child = log.child({ peer: "surf", port: 1 }).child({ topic: "chat" });
    child.info("m", { port: 2 });
    log.info("m");
    expect(lines).toEqual([
      "2026-01-02 07:11:12 INFO  m  peer=surf port=2 topic=chat",
      "2026-01-02 07:11:12 INFO  m",
    ]);
  });

  test("colour stays on the level", () => {
    const { log, lines } = capture({ color: true });
    log.warn("m", { a: 1 });
    expect(lines).toEqual(["2026-01-02 07:11:12 \x1b[33mWARN \x1b[0m m  a=1"]);
  });

  test("a field does not take the place of time, level or message", () => {
    expect(jsonOf({ message: "forged", level: "error", time: 0 })).toEqual({
      message_: "forged",
      level_: "error",
      time_: 0,
    });
  });
});

describe("forgery", () => {
  const hostile = "x\n07:11:12 INFO  admin logged in\r\x1b[1A\x9b2K\u2028\u202e";
  const escaped = "x\\n07:11:12 INFO  admin logged in\\r\\u001b[1A\\u009b2K\\u2028\\u202e";

  test("no text of a peer starts a line or moves the cursor", () => {
    const { log, lines } = capture();
    log.info(hostile, { name: hostile, [hostile]: 1, nested: { name: hostile } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith(
      `2026-01-02 07:11:12 INFO  ${escaped}  name="${escaped}" "${escaped}"=1 `,
    );
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });

  test("in JSON it is escaped and unharmed", () => {
    const { log, lines } = capture({ format: "json" });
    log.info("m", { name: hostile });
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ name: hostile });
  });

  test("no value passes for another field", () => {
    expect(textOf({ name: "a level=error", next: 'b" c="d' })).toBe(
      'name="a level=error" next="b\\" c=\\"d"',
    );
  });
});

describe("errors", () => {
  const cause = Object.assign(new Error("connection reset"), { code: "ECONNRESET" });
  const error = Object.assign(new Error("link lost", { cause }), { code: "link_lost" });

  test("text has the message, the code and the causes", () => {
    expect(textOf({ error })).toBe(
      'error="link lost (link_lost), caused by connection reset (ECONNRESET)"',
    );
  });

  test("JSON has them as objects, and no stack", () => {
    expect(jsonOf({ error })).toEqual({
      error: {
        message: "link lost",
        code: "link_lost",
        cause: { message: "connection reset", code: "ECONNRESET" },
      },
    });
  });

  test("the stack comes with the level debug", () => {
    expect(jsonOf({ error: cause }, { level: "debug" })).toEqual({
      error: {
        message: "connection reset",
        code: "ECONNRESET",
        stack: expect.stringContaining("log.test.ts"),
      },
    });
  });

  test("an error without a message has its name, and a cause may be anything", () => {
    expect(textOf({ error: new TypeError("", { cause: { port: 1 } }) })).toBe(
      'error="TypeError, caused by {\\"port\\":1}"',
    );
  });

  test("text does not say twice what the message says already", () => {
    const said = new Error("cannot listen: connection reset", { cause });
    expect(textOf({ error: said })).toBe('error="cannot listen: connection reset"');
    expect(jsonOf({ error: said })).toMatchObject({ error: { cause: { code: "ECONNRESET" } } });
  });

  test("an error that is its own cause ends", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    expect(textOf({ loop })).toBe('loop="loop, caused by [circular]"');
  });
});

describe("secrets", () => {
  test("are redacted by their names, whatever the nesting and the kind of value", () => {
    const fields = {
      token: "t0psecret",
      adminToken: "t0psecret",
      Secret: { deep: "t0psecret" },
      options: [{ rcon_password: 7355608, mesh: { secrets: ["t0psecret"] } }],
      error: new Error("failed", { cause: { PASSWORD: "t0psecret" } }),
      tokenised: "shown",
    };
    expect(jsonOf(fields)).toEqual({
      token: "[redacted]",
      adminToken: "[redacted]",
      Secret: "[redacted]",
      options: [{ rcon_password: "[redacted]", mesh: { secrets: "[redacted]" } }],
      error: { message: "failed", cause: { PASSWORD: "[redacted]" } },
      tokenised: "shown",
    });
    const text = textOf(fields);
    expect(text).toStartWith("token=[redacted] ");
    expect(text).not.toContain("t0psecret");
    expect(text).not.toContain("7355608");
  });

  test("are redacted in what a child inherits", () => {
    const { log, lines } = capture();
    log.child({ token: "t0psecret" }).info("m");
    expect(lines).toEqual(["2026-01-02 07:11:12 INFO  m  token=[redacted]"]);
  });
});

describe("values that JSON does not know", () => {
  test("are written as something readable", () => {
    expect(
      jsonOf({
        big: 12345678901234567890n,
        nan: Number.NaN,
        symbol: Symbol("s"),
        call: () => {},
        date: new Date(0),
        noDate: new Date(Number.NaN),
        bytes: new Uint8Array(3),
        map: new Map([["token", "x"]]),
        none: null,
        left: undefined,
        list: [undefined],
      }),
    ).toEqual({
      big: "12345678901234567890",
      nan: "NaN",
      symbol: "Symbol(s)",
      call: "[function]",
      date: "1970-01-01T00:00:00.000Z",
      noDate: "[unreadable]",
      bytes: "[3 bytes]",
      map: "[size 1]",
      none: null,
      list: [null],
    });
  });

  test("never throw", () => {
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic["self"] = cyclic;
    const throwing = {
      ok: 1,
      get bad(): never {
        throw new Error("no");
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const misled = new Error("m");
    Object.defineProperty(misled, "message", {
      get() {
        throw new Error("no");
      },
    });
    expect(jsonOf({ cyclic, throwing, proxy, misled })).toEqual({
      cyclic: { a: 1, self: "[circular]" },
      throwing: { ok: 1, bad: "[unreadable]" },
      proxy: "[unreadable]",
      misled: { message: "[unreadable]" },
    });
    expect(jsonOf(throwing)).toEqual({ ok: 1, bad: "[unreadable]" });
    const { proxy: fields, revoke: revokeFields } = Proxy.revocable<Record<string, unknown>>(
      {},
      {},
    );
    revokeFields();
    expect(jsonOf(fields)).toEqual({ fields: "[unreadable]" });
  });

  test("the same object twice is no cycle", () => {
    const peer = { name: "surf" };
    expect(jsonOf({ a: peer, b: peer })).toEqual({ a: { name: "surf" }, b: { name: "surf" } });
  });

  test("__proto__ is a field like any other", () => {
    const { log, lines } = capture({ format: "json" });
    log.info("m", JSON.parse('{"__proto__":{"polluted":1}}'));
    expect(lines[0]).toEndWith('"message":"m","__proto__":{"polluted":1}}');
  });
});

describe("bounds", () => {
  const LINE_BYTES_MAX = 8192;

  test("long strings and containers are shortened, and say so", () => {
    expect(jsonOf({ text: "x".repeat(2000), list: Array.from({ length: 70 }, () => 0) })).toEqual({
      text: `${"x".repeat(1024)}… (976 more)`,
      list: [...Array.from({ length: 64 }, () => 0), "[6 more]"],
    });
  });

  test("what is nested too deep is left out", () => {
    const deep = { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } };
    expect(textOf({ deep })).toBe('deep={"a":{"a":{"a":{"a":{"a":"[left out]"}}}}}');
  });

  test("an object of millions of values is not walked to its end", () => {
    let reads = 0;
    const wide = (depth: number): object =>
      new Proxy(
        Array.from({ length: 60 }, () => 0),
        {
          get(target, key) {
            reads++;
            return typeof key === "string" && /^\d+$/.test(key) && depth > 0
              ? wide(depth - 1)
              : Reflect.get(target, key);
          },
        },
      );
    const { log, lines } = capture();
    log.info("m", { wide: wide(5) });
    expect(lines).toHaveLength(1);
    expect(reads).toBeLessThan(10_000);
  });

  test("a line of text is cut at 8 KiB, between characters", () => {
    const { log, lines } = capture();
    const fields = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`f${i}`, "世".repeat(999)]),
    );
    log.info("m", fields);
    const [line = ""] = lines;
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_BYTES_MAX);
    expect(Buffer.byteLength(line)).toBeGreaterThan(LINE_BYTES_MAX - 4);
    expect(line).toMatch(
      /^2026-01-02 07:11:12 INFO {2}m {2}f0="世+.*世 … \(cut; \d+ bytes in all\)$/,
    );
  });

  test("a line of JSON that is too long leaves its fields out, and stays JSON", () => {
    const { log, lines } = capture({ format: "json" });
    const text = "\x00".repeat(2000);
    log.info(text, { a: text, b: text });
    const [line = ""] = lines;
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_BYTES_MAX);
    expect(JSON.parse(line)).toEqual({
      time: NOW.toISOString(),
      level: "info",
      message: `${"\x00".repeat(1024)}… (976 more)`,
      leftOut: expect.stringMatching(/^fields; \d+ bytes in all$/),
    });
  });
});
