import { describe, expect, test } from "bun:test";
import { SettingsReader, type WrittenSettings } from "../../mesh/settings-reader.ts";

function problems(written: WrittenSettings, read: (settings: SettingsReader) => unknown): string[] {
  const reader = new SettingsReader(written);
  read(reader);
  reader.refuseUnknown("[game]");
  return reader.problems.map(({ key, text }) => `${key} ${text}`);
}

describe("what is written", () => {
  test("is read in its kind, and the default stands in where nothing is", () => {
    const reader = new SettingsReader({
      host: "10.0.0.1",
      port: "3977",
      empty: "",
      colour: "red",
      relay: "on",
      channels: "a, b,,c ",
      patterns: ["x, y", "", "z"],
    });
    expect(reader.text("host", "127.0.0.1")).toBe("10.0.0.1");
    expect(reader.text("other", "127.0.0.1")).toBe("127.0.0.1");
    expect(reader.port("port", 1)).toBe(3977);
    expect(reader.port("other_port", 1)).toBe(1);
    expect(reader.optional("empty")).toBeUndefined();
    expect(reader.choice("colour", ["red", "blue"], "blue")).toBe("red");
    expect(reader.isOn("relay", false)).toBe(true);
    expect(reader.isOn("bridge", true)).toBe(true);
    expect(reader.list("channels")).toEqual(["a", "b", "c"]);
    expect(reader.list("others", ["global"])).toEqual(["global"]);
    expect(reader.lines("patterns")).toEqual(["x, y", "z"]);
    expect([reader.has("host"), reader.has("empty"), reader.has("none")]).toEqual([
      true,
      false,
      false,
    ]);
    reader.refuseUnknown("[game]");
    expect(reader.problems).toEqual([]);
  });

  test("in a prototype is not written", () => {
    const reader = new SettingsReader({});
    expect(reader.optional("constructor")).toBeUndefined();
    expect(reader.has("__proto__")).toBe(false);
  });
});

describe("what is wrong", () => {
  test("is told all at once, each with what would be right", () => {
    const written = { port: "0", colour: "bleu", relay: "yes", host: ["a", "b"] };
    const read = (settings: SettingsReader): void => {
      settings.port("port", 1);
      settings.choice("colour", ["red", "blue"], "red");
      settings.isOn("relay", true);
      settings.text("host", "");
      settings.required("password", "the game's admin_password");
    };
    expect(problems(written, read)).toEqual([
      'port must be a whole number from 1 to 65535, not "0"',
      'colour must be one of red, blue, not "bleu"; did you mean blue?',
      'relay must be one of on, off, not "yes"',
      "host takes one value; write it without []",
      "password is missing: the game's admin_password",
    ]);
  });

  test.each(["-1", "1.5", "1e3", "0x10", " 7", "65536", "9".repeat(20), ""])(
    "%j is no port",
    (port) => {
      const read = (settings: SettingsReader) => settings.port("port", 7);
      expect(problems({ port }, read)).toHaveLength(1);
    },
  );

  test("a key that nobody asks for is unknown, with the one that was meant", () => {
    const read = (settings: SettingsReader) => [
      settings.text("host", ""),
      settings.port("port", 1),
    ];
    expect(problems({ prot: "1", zzzzzz: "1" }, read)).toEqual([
      'prot is no key of [game]; did you mean "port"?',
      "zzzzzz is no key of [game]; its keys are host, port",
    ]);
  });

  test("keys are not judged where it is not known which there are", () => {
    expect(problems({ anything: "1" }, (settings) => settings.tolerateUnknown())).toEqual([]);
  });

  test("what is wrong with an item of a list says which, in a group as well", () => {
    const reader = new SettingsReader({ "a.list": ["x", "y"], list: ["x", "y"] });
    const group = reader.groups().get("a");
    for (const of of [reader, group]) {
      of?.lines("list");
      of?.problem("list", "is wrong: y", "y");
    }
    reader.refuseUnknown("[game]");
    expect(reader.problems).toEqual([
      { key: "list", text: "is wrong: y", item: 1 },
      { key: "a.list", text: "is wrong: y", item: 1 },
    ]);
  });
});
