import { expect, test } from "bun:test";
import { frameRoom } from "../../../mesh/messaging/frame-room.ts";

const KiB = 1024;

/** What lies between a payload and its copy, whole pages aside, if their buffers begin at pages. */
function distance(headBytes: number, payload: Uint8Array): number {
  const room = frameRoom(headBytes, payload);
  expect(room.length).toBe(headBytes + payload.length);
  return (room.byteOffset + headBytes - payload.byteOffset + 8 * 4096 * KiB) % 4096;
}

test.each([1, 7, 18, 4096, 16_900])(
  "a long payload is put well past its source, behind %p bytes",
  (head) => {
    const buffer = Buffer.alloc(100 * KiB);
    for (const offset of [0, 3, 4095, 5000]) {
      expect(distance(head, buffer.subarray(offset, offset + 70 * KiB))).toBe(2048);
    }
  },
);

test("a short frame has just its room", () => {
  expect(frameRoom(7, Buffer.alloc(128)).length).toBe(135);
});
