import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseIni } from "../../../mesh/config/ini.ts";

/** Sections as plain objects, for text without mistakes. */
function read(text: string): Record<string, Record<string, string | readonly string[]>> {
  const { sections, mistakes } = parseIni(text);
  expect(mistakes).toEqual([]);
  return Object.fromEntries(
    [...sections].map(([name, { keys }]) => [
      name,
      Object.fromEntries([...keys].map(([key, { value }]) => [key, value])),
    ]),
  );
}

function value(raw: string): string | readonly string[] | undefined {
  return read(`[s]\nkey=${raw}`)["s"]?.["key"];
}

/** Mistakes as `LINE: text`. */
function mistakes(text: string): string[] {
  return parseIni(text).mistakes.map((mistake) => `${mistake.line}: ${mistake.text}`);
}

describe("lines and names", () => {
  test("every section and key knows its line", () => {
    const { sections } = parseIni("; head\n\n[server]\n# note\nport = 1\n\n[log]\nlevel=info\n");
    expect(sections.get("server")?.line).toBe(3);
    expect(sections.get("server")?.keys.get("port")).toEqual({ value: "1", line: 5 });
    expect(sections.get("log")?.line).toBe(7);
    expect(sections.get("log")?.keys.get("level")?.line).toBe(8);
  });

  test("a key whose value cannot be read is known to be there", () => {
    const section = parseIni("[s]\na = 1\nb = x;y\n").sections.get("s");
    expect([...(section?.unread ?? [])]).toEqual(["b"]);
  });

  test.each([
    ["Windows", "\r\n"],
    ["old Macintosh", "\r"],
  ])("%s line ends count as one line each", (_, end) => {
    const { sections } = parseIni(["[server]", "", "port=1", ""].join(end));
    expect(sections.get("server")?.keys.get("port")).toEqual({ value: "1", line: 3 });
  });

  test("a byte order mark is not part of the first section", () => {
    expect(read("\ufeff[server]\nport=1")).toEqual({ server: { port: "1" } });
  });

  test("indentation and a comment after a section change nothing", () => {
    expect(read("  [server] ; the port\n\tport = 1  ")).toEqual({ server: { port: "1" } });
  });

  test("dots, colons and slashes stay within one section's name", () => {
    expect(Object.keys(read("[collector:my.site]\n[a.b.c]\n[plugin:./x.ts]\n"))).toEqual([
      "collector:my.site",
      "a.b.c",
      "plugin:./x.ts",
    ]);
  });

  test("__proto__ is a name like any other and reaches no prototype", () => {
    const { sections } = parseIni("[__proto__]\n__proto__ = x\npolluted = yes\n");
    expect(sections.get("__proto__")?.keys.get("polluted")?.value).toBe("yes");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("a repeated key[] is a list, at the line of its first item, and each item has its own", () => {
    const { sections, mistakes: found } = parseIni("[plugins]\nload[] = a, b\nload[]=c\n");
    expect(found).toEqual([]);
    expect(sections.get("plugins")?.keys.get("load")).toEqual({
      value: ["a, b", "c"],
      line: 2,
      lines: [2, 3],
    });
  });
});

describe("values", () => {
  test.each([
    ["", ""],
    ["  spaced out  ", "spaced out"],
    ["true", "true"],
    ["null", "null"],
    ["a=b==", "a=b=="],
    ["C:\\data", "C:\\data"],
    ["abc ; a comment", "abc"],
    ["abc\t# a comment", "abc"],
    [" ; only a comment", ""],
    ["abc\\;def\\#ghi", "abc;def#ghi"],
    ['"abc#def;ghi"', "abc#def;ghi"],
    ['"abc" ; a comment', "abc"],
    ['"say \\"hi\\""', 'say "hi"'],
    ['" spaces kept "', " spaces kept "],
    ["'abc#def\"ghi'", 'abc#def"ghi'],
    ["'12345678901234567890'", "12345678901234567890"],
    ["'{\"a\":1}'", '{"a":1}'],
    ["'C:\\new'", "C:\\new"],
    ['""', ""],
  ])("%j reads as %j", (raw, expected) => {
    expect(value(raw)).toBe(expected);
  });

  test("any text survives in double quotes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(value(JSON.stringify(text))).toBe(text);
      }),
      { examples: [["\u2028"], ["a\u2029b"]] },
    );
  });
});

describe("mistakes", () => {
  test.each([
    ["abc#def", "#"],
    ["abc;def", ";"],
    ["#abcdef", "#"],
    [" #general", "#"],
    ["abc\\\\;def", ";"],
  ])("a value %j is not cut in silence", (raw, mark) => {
    expect(mistakes(`[s]\nsecret=${raw}`)).toEqual([
      `2: the value of "secret" would be cut off at its ${mark}, which starts a comment; put it in double quotes`,
    ]);
  });

  test.each([
    ['"abc', 'has no closing "'],
    ["'abc", "has no closing '"],
    ['"', 'has no closing "'],
    ['"abc\\"', 'has no closing "'],
    ['"abc"def', 'goes on after its closing "'],
    ["'abc' 'def'", "goes on after its closing '"],
    ['"C:\\path"', "has a lone backslash or a tab in double quotes; single quotes keep them"],
  ])("a value %j is wrongly quoted", (raw, problem) => {
    expect(mistakes(`[s]\nkey=${raw}`)).toEqual([`2: the value of "key" ${problem}`]);
  });

  test("a key that is set twice names both lines", () => {
    expect(mistakes("[s]\nport=1\nhost=\nport=2\n")).toEqual([
      '4: "port" is already set in line 2; keep one of the two',
    ]);
  });

  test("a key cannot be a value and a list", () => {
    expect(mistakes("[s]\nload=a\nload[]=b\n")).toEqual([
      '3: "load" is already set in line 2; keep one of the two',
    ]);
    expect(mistakes("[s]\nload[]=a\nload=b\n")).toEqual([
      '3: "load" is already set in line 2; keep one of the two',
    ]);
  });

  test("a section that begins twice names both lines, and its keys count as one section's", () => {
    expect(mistakes("[s]\na=1\n[t]\n[s]\na=2\n")).toEqual([
      "4: [s] already began in line 1; move its keys there",
      '5: "a" is already set in line 2; keep one of the two',
    ]);
  });

  test("a key before the first section", () => {
    expect(mistakes("port=1\n[s]\n")).toEqual(['1: "port" stands before the first [section]']);
  });

  test.each(["port", "= 1", "[s", "[]", "[s] port", "[s] port=1", "po#rt=1"])(
    "%j is no line of a config, and is not repeated",
    (line) => {
      const text = "this is neither a [section], nor a key = value, nor a comment";
      expect(mistakes(`[s]\n${line}\nhost=\n`)).toEqual([`2: ${text}`]);
    },
  );

  test("a mistake costs its own line and no other", () => {
    const { sections, mistakes: found } = parseIni("[s]\nrubbish\nport=1\n");
    expect(found).toHaveLength(1);
    expect(sections.get("s")?.keys.get("port")?.value).toBe("1");
  });
});
