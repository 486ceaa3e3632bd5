/**
 * Why a frame of a link cannot be used.
 *
 * | code | it means |
 * |---|---|
 * | `frame_too_long` | it is longer than a frame of set-up may be |
 * | `frame_unexpected` | its type is not the one that comes next |
 * | `frame_unreadable` | its body is not MessagePack, or not what its type calls for |
 * | `other_version` | it is a hello of another version of the protocol |
 */
export type LinkErrorCode =
  | "frame_too_long"
  | "frame_unexpected"
  | "frame_unreadable"
  | "other_version";

export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;

  constructor(code: LinkErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
