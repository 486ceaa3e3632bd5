import { describe, expect, test } from "bun:test";
import { chooseMember, chooseOne, LOCAL } from "../../../mesh/topics/choose-member.ts";

/** How often each node is chosen, with random numbers spread evenly over all there are. */
function spread(hasLocal: boolean): Map<string | typeof LOCAL | undefined, number> {
  const times = new Map<string | typeof LOCAL | undefined, number>();
  for (let at = 0; at < 120; at += 1) {
    const nodes = { peers: ["one", "two", "three"], hasLocal };
    const chosen = chooseMember(nodes, () => at / 120);
    times.set(chosen, (times.get(chosen) ?? 0) + 1);
  }
  return times;
}

describe("of a group", () => {
  test("each peer is as likely as any other", () => {
    expect(spread(false)).toEqual(
      new Map([
        ["one", 40],
        ["two", 40],
        ["three", 40],
      ]),
    );
  });

  test("the local node counts as one of them", () => {
    expect(spread(true)).toEqual(
      new Map<string | typeof LOCAL, number>([
        ["one", 30],
        ["two", 30],
        ["three", 30],
        [LOCAL, 30],
      ]),
    );
  });

  test("nobody is chosen where nobody is", () => {
    expect(chooseMember({ peers: [], hasLocal: false }, Math.random)).toBeUndefined();
    expect(chooseMember({ peers: [], hasLocal: true }, Math.random)).toBe(LOCAL);
  });
});

test("one of several is chosen by the random number", () => {
  expect(chooseOne(["a", "b"], () => 0.49)).toBe("a");
  expect(chooseOne(["a", "b"], () => 0.5)).toBe("b");
  expect(chooseOne([], Math.random)).toBeUndefined();
});
