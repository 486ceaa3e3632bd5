import { describe, expect, test } from "bun:test";
import { hostsOverlap, isHost, isLoopbackHost } from "../../../mesh/config/hosts.ts";

describe("isHost", () => {
  test.each(["", "0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "game-1.example.com", "a_b"])(
    "%j is one",
    (host) => {
      expect(isHost(host)).toBe(true);
    },
  );

  test.each(["10.0.0.256", "1.2.3", "[::1]", "*", "a b", "a..b", "-a", "http://x", "host:80"])(
    "%j is none",
    (host) => {
      expect(isHost(host)).toBe(false);
    },
  );

  test("a name longer than DNS allows is none", () => {
    expect(isHost(`${"a.".repeat(126)}a`)).toBe(true);
    expect(isHost(`${"a.".repeat(127)}a`)).toBe(false);
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["LocalHost", true],
  ["", false],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.0.1", false],
  ["127.example.com", false],
])("isLoopbackHost(%j) is %p", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

test.each([
  ["", "127.0.0.1", true],
  ["::", "127.0.0.1", true],
  ["0.0.0.0", "10.0.0.1", true],
  ["0.0.0.0", "::1", false],
  ["localhost", "127.0.0.1", true],
  ["localhost", "10.0.0.1", false],
  ["10.0.0.1", "10.0.0.1", true],
  ["Game.example", "game.example", true],
  ["10.0.0.1", "127.0.0.1", false],
])("hostsOverlap(%j, %j) is %p, either way round", (a, b, expected) => {
  expect(hostsOverlap(a, b)).toBe(expected);
  expect(hostsOverlap(b, a)).toBe(expected);
});
