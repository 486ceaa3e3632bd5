import { expect, test } from "bun:test";
import { newEnvelope } from "../../../../mesh/index.ts";
import { readEvent } from "../../../../mesh/plugins/collectors/delivery/queued-event.ts";
import { eventBytes } from "../../../../mesh/plugins/collectors/event-bytes.ts";

function event(topic: string, payload: unknown): unknown {
  const text = new TextDecoder().decode(eventBytes("surf", topic, payload));
  expect(text).not.toContain("\n");
  return JSON.parse(text);
}

test("an envelope stays as it is", () => {
  const payload = { player: { name: "Zoë" }, text: "a\nb" };
  const envelope = newEnvelope({ topic: "game.chat", node: "surf", type: "game.chat", payload });
  expect(event("game.chat", envelope)).toEqual(envelope);
});

test("a map becomes the payload of a new one, whose type is the topic", () => {
  expect(event("shop.bought", { item: "hat", at: new Date(0), id: 2n ** 60n })).toEqual({
    v: 1,
    id: expect.stringMatching(/^[\da-f-]{36}$/),
    topic: "shop.bought",
    node: "surf",
    time: expect.any(String),
    type: "shop.bought",
    payload: { item: "hat", at: "1970-01-01T00:00:00.000Z", id: "1152921504606846976" },
  });
});

test.each([
  ["text", "hello", "hello"],
  ["a number", 7, 7],
  ["nothing", null, null],
  ["a list", [1, "a"], [1, "a"]],
  ["bytes", new Uint8Array([104, 105]), { base64: "aGk=" }],
])("anything else is the value of it: %s", (_what, payload, value) => {
  expect(event("a", payload)).toMatchObject({ topic: "a", payload: { value } });
});

test("what only looks like an envelope is wrapped", () => {
  const forged = { v: 1, id: "x", topic: "a", node: "other", type: "a", payload: {} };
  expect(event("a", forged)).toMatchObject({ node: "surf", payload: { node: "other" } });
});

test("what looks like an envelope, but has no time, is wrapped, and no dead letter later", () => {
  const forged = {
    ...newEnvelope({ topic: "a", node: "n", type: "a", payload: {} }),
    time: "soon",
  };
  expect(event("a", forged)).toMatchObject({ topic: "a", node: "surf", payload: forged });
});

test.each([
  ["no entries for a payload", { payload: [] }],
  ["a list for a payload", { payload: [1] }],
  ["a time for a payload", { payload: new Date(0) }],
  ["a version without an end", { v: Number.POSITIVE_INFINITY }],
])("what would be no envelope as JSON is wrapped, and no dead letter later: %s", (_what, wrong) => {
  const forged = { ...newEnvelope({ topic: "a", node: "n", type: "a", payload: {} }), ...wrong };
  const read = readEvent({ seq: 1, bytes: eventBytes("surf", "a", forged) });
  expect(read).toMatchObject({
    envelope: { topic: "a", node: "surf", payload: { id: forged.id } },
  });
});

test("a map without a prototype is one, too", () => {
  const map = Object.assign(Object.create(null), { item: "hat" });
  expect(event("a", map)).toMatchObject({ payload: { item: "hat" } });
});

test("what is nested too deeply is refused to whoever publishes it", () => {
  const payload: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  expect(() => eventBytes("surf", "a", payload)).toThrow(
    expect.objectContaining({ name: "MeshError", code: "invalid_payload" }),
  );
});
