import { describe, expect, test } from "bun:test";
import { RateLimits, type RateVerdict } from "../../../../mesh/plugins/chat/rate-limits.ts";

const limits = (playerLines = 2, serverLines = 3): RateLimits =>
  new RateLimits({ playerLines, serverLines, periodMs: 10_000 });

describe("a player", () => {
  test("has so many lines at once, and then one after the other", () => {
    const rates = limits(2, 100);
    const take = (nowMs: number): RateVerdict => rates.take("surf/Alice", "surf", nowMs);
    expect([take(0), take(0), take(0)]).toEqual(["pass", "pass", "player_rate"]);
    expect([take(4999), take(5000), take(5001)]).toEqual(["player_rate", "pass", "player_rate"]);
    expect([take(60_000), take(60_000), take(60_000)]).toEqual(["pass", "pass", "player_rate"]);
  });

  test("does not count for another", () => {
    const rates = limits(1, 100);
    expect(rates.take("surf/Alice", "surf", 0)).toBe("pass");
    expect(rates.take("surf/Bob", "surf", 0)).toBe("pass");
    expect(rates.take("dust/Alice", "dust", 0)).toBe("pass");
  });

  test("is told once a period", () => {
    const rates = limits();
    const due = (nowMs: number): boolean => rates.isNoticeDue("surf/Alice", nowMs);
    expect([due(0), due(1), due(9999), due(10_000), due(10_001)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(rates.isNoticeDue("surf/Bob", 10_002)).toBe(true);
  });

  test("who has ever new names makes no more notices than a server has lines", () => {
    const rates = limits(5, 40);
    const due = Array.from({ length: 1000 }, (_, n) => rates.isNoticeDue(`name ${n}`, 0));
    expect(due.filter(Boolean).length).toBe(40);
    expect(rates.isNoticeDue("later", 10_000)).toBe(true);
  });
});

describe("a server", () => {
  test("has so many lines with all its players", () => {
    const rates = limits(2, 3);
    const players = ["a", "b", "c", "d"];
    expect(players.map((player) => rates.take(player, "surf", 0))).toEqual([
      "pass",
      "pass",
      "pass",
      "server_rate",
    ]);
    expect(rates.take("e", "dust", 0)).toBe("pass");
  });

  test("that has no more takes none of a player's, and the other way round", () => {
    const rates = limits(1, 1);
    rates.take("a", "surf", 0);
    expect(rates.take("b", "surf", 0)).toBe("server_rate");
    expect(rates.take("b", "dust", 0)).toBe("pass");
    expect(rates.take("a", "city", 0)).toBe("player_rate");
    expect(rates.take("c", "city", 0)).toBe("pass");
  });
});

test("of too many players the one that was heard longest ago is forgotten", () => {
  const rates = limits(1, 1_000_000);
  rates.take("first", "surf", 0);
  rates.take("second", "surf", 0);
  rates.take("first", "surf", 0);
  for (let at = 0; at < 4095; at++) rates.take(`p${at}`, "surf", 0);
  expect(rates.take("first", "surf", 0)).toBe("player_rate");
  expect(rates.take("second", "surf", 0)).toBe("pass");
});
