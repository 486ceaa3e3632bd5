import { describe, expect, test } from "bun:test";
import { nearest } from "../../../mesh/config/nearest.ts";

const KEYS = ["host", "port", "whitelist", "connections_max", "connections_per_address_max"];

describe("nearest", () => {
  test.each([
    ["prot", "port"],
    ["por", "port"],
    ["pport", "port"],
    ["sort", "port"],
    ["PORT", "port"],
    ["white_list", "whitelist"],
    ["connection_max", "connections_max"],
    ["connections_per_adress_max", "connections_per_address_max"],
  ])("%s was meant to be %s", (written, meant) => {
    expect(nearest(written, KEYS)).toBe(meant);
  });

  test.each(["", "x", "password", "constructor", "p".repeat(1_000_000)])(
    "nothing is guessed for what resembles no name",
    (written) => {
      expect(nearest(written, KEYS)).toBeUndefined();
    },
  );

  test("the closer of two wins, wherever it stands", () => {
    expect(nearest("hosts", ["ghosts_", "host"])).toBe("host");
    expect(nearest("hosts", ["host", "ghosts_"])).toBe("host");
  });
});
