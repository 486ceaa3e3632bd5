import { describe, expect, test } from "bun:test";
import { HELP_TEXT, parseArguments } from "../../mesh/arguments.ts";

function refusal(...args: string[]): string {
  const parsed = parseArguments(args);
  if (parsed.action !== "refuse") {
    throw new Error(`was not refused, but taken as ${parsed.action}`);
  }
  return parsed.text;
}

describe("what is taken", () => {
  test("nothing at all runs the default config", () => {
    expect(parseArguments([])).toEqual({
      action: "run",
      configPath: "config/node.ini",
      overrides: {},
    });
  });

  test("overrides are handed on as they were typed", () => {
    const args = ["--config", "a.ini", "--name=surf", "--port", "99999", "--admin-port", "0"];
    expect(parseArguments([...args, "--data", "/var/lib/ccp"])).toEqual({
      action: "run",
      configPath: "a.ini",
      overrides: { name: "surf", port: "99999", adminPort: "0", data: "/var/lib/ccp" },
    });
  });

  test("the last of a repeated option counts", () => {
    expect(parseArguments(["--port", "1", "--port", "2"])).toMatchObject({
      overrides: { port: "2" },
    });
  });

  test("every --peer counts", () => {
    expect(parseArguments(["--peer", "a", "--peer=10.0.0.2:1", "--peer", "a"])).toMatchObject({
      overrides: { peers: ["a", "10.0.0.2:1", "a"] },
    });
  });

  test("--check, --help, -h and --version name the action", () => {
    expect(parseArguments(["--check"]).action).toBe("check");
    expect(parseArguments(["--help"]).action).toBe("help");
    expect(parseArguments(["-h"]).action).toBe("help");
    expect(parseArguments(["--version"]).action).toBe("version");
  });

  test("--help helps whatever else is wrong", () => {
    expect(parseArguments(["--prot", "1", "--help"]).action).toBe("help");
  });

  test("a value may start with a dash after an equals sign", () => {
    expect(parseArguments(["--data=-odd"])).toMatchObject({ overrides: { data: "-odd" } });
  });
});

describe("what is refused", () => {
  test("a mistyped option, with the nearest one", () => {
    expect(refusal("--prot", "28081")).toBe("unknown option --prot; did you mean --port?");
    expect(refusal("--adminport=1")).toBe("unknown option --adminport; did you mean --admin-port?");
  });

  test("an option that resembles none", () => {
    expect(refusal("--frobnicate")).toBe("unknown option --frobnicate; --help lists them all");
    expect(refusal("--constructor")).toBe("unknown option --constructor; --help lists them all");
  });

  test("a long option with one dash, once and as it was typed", () => {
    expect(refusal("-port", "28081")).toBe("unknown option -port; did you mean --port?");
  });

  test("an option without its value", () => {
    expect(refusal("--port")).toBe("--port needs a value");
    expect(refusal("--port=")).toBe("--port needs a value");
    expect(refusal("--port", "--check")).toBe("--port needs a value");
    expect(refusal("--peer")).toBe("--peer needs a value");
  });

  test("a value for an option that takes none", () => {
    expect(refusal("--check=yes")).toBe("--check takes no value");
  });

  test("a word that belongs to no option", () => {
    const text = 'unexpected "surf.ini"; a config file is given as --config FILE';
    expect(refusal("surf.ini")).toBe(text);
    expect(refusal("--", "surf.ini")).toBe(text);
    expect(refusal("--check", "surf.ini")).toBe(text);
  });

  test("a collector that is to be tested has a name, and no more than that", () => {
    const text = "a collector is tested with: collector test NAME";
    expect(refusal("collector")).toBe(text);
    expect(refusal("collector", "test")).toBe(text);
    expect(refusal("collector", "try", "logs")).toBe(text);
    expect(refusal("collector", "test", "logs", "now")).toBe(text);
    expect(parseArguments(["collector", "test", "logs", "--config", "a.ini"])).toEqual({
      action: "test_collector",
      collector: "logs",
      configPath: "a.ini",
      overrides: {},
    });
  });

  test("several mistakes at once, one a line", () => {
    expect(refusal("--prot", "1", "--check=yes", "--data")).toBe(
      [
        "unknown option --prot; did you mean --port?",
        "--check takes no value",
        "--data needs a value",
      ].join("\n"),
    );
  });

  test("an option that would control the terminal is shown escaped", () => {
    expect(refusal("--\x1b[2J")).toBe("unknown option --\\u001b[2J; --help lists them all");
  });
});

describe("the help text", () => {
  test("names every option that is taken, and no other", () => {
    const named = new Set(HELP_TEXT.match(/--[a-z-]+/g));
    for (const option of named) {
      const parsed = parseArguments([option]);
      expect(parsed.action === "refuse" ? parsed.text : "").not.toContain("unknown");
    }
    expect(named.size).toBe(9);
  });

  test("fits a terminal of 80 columns", () => {
    for (const line of HELP_TEXT.split("\n")) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
  });
});
