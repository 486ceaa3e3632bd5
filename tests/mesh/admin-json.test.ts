import { expect, test } from "bun:test";
import { jsonOf, payloadFields } from "../../mesh/admin-json.ts";

function shown(payload: unknown): string {
  return JSON.stringify(payloadFields(payload));
}

test("what JSON can carry is as it was", () => {
  const payload = { text: "gg\n", list: [1, -2.5, true, null, "", [], {}] };
  expect(payloadFields(payload)).toEqual({ payload });
});

test("bytes alone stand beside a payload of null", () => {
  expect(shown(new Uint8Array([1, 2, 255]))).toBe('{"payload":null,"base64":"AQL/"}');
  expect(shown(Buffer.from("AQL/", "base64"))).toBe('{"payload":null,"base64":"AQL/"}');
  expect(shown(new Uint8Array([0, 1, 2, 255]).subarray(1))).toBe(
    '{"payload":null,"base64":"AQL/"}',
  );
  expect(shown(new Uint8Array())).toBe('{"payload":null,"base64":""}');
});

test("bytes, wide integers and times inside a payload are written so that JSON carries them", () => {
  const at = new Date("2026-01-02T03:04:05.678Z");
  expect(shown({ map: [new Uint8Array([1])], id: 76_561_198_000_000_001n, at })).toBe(
    '{"payload":{"map":[{"base64":"AQ=="}],"id":"76561198000000001","at":"2026-01-02T03:04:05.678Z"}}',
  );
  expect(shown(at)).toBe('{"payload":"2026-01-02T03:04:05.678Z"}');
  expect(shown(5n)).toBe('{"payload":"5"}');
});

test("nothing, and what is no number, is null", () => {
  expect(shown(undefined)).toBe('{"payload":null}');
  expect(shown([undefined, Number.NaN, Infinity, new Date(Number.NaN)])).toBe(
    '{"payload":[null,null,null,null]}',
  );
});

test("what is nested as deeply as a payload may be is JSON, and anything deeper, or endless, is refused", () => {
  const nested = (levels: number): unknown =>
    JSON.parse(`${"[".repeat(levels)}1${"]".repeat(levels)}`);
  expect(jsonOf(nested(64))).toEqual(nested(64));
  const endless: Record<string, unknown> = {};
  endless["self"] = endless;
  for (const value of [nested(65), nested(100_000), endless]) {
    expect(() => jsonOf(value)).toThrow(
      "the value is nested deeper than 64 levels, or is a part of itself; flatten it",
    );
  }
});
