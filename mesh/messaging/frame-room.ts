import { copyStart } from "../copy-start.ts";
import { SMALL_FRAME_BYTES_MAX } from "../frame.ts";

/** Room for a frame of its own, not filled, with `payload` behind so many bytes of head. */
export function frameRoom(headBytes: number, payload: Uint8Array): Buffer {
  const length = headBytes + payload.length;
  if (length <= SMALL_FRAME_BYTES_MAX) return Buffer.allocUnsafe(length);
  const start = copyStart(payload.byteOffset, headBytes);
  return Buffer.allocUnsafeSlow(start + length).subarray(start);
}
