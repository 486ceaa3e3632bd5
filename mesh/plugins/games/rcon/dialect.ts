/**
 * How the end of a reply is told.
 *
 * - `mark_behind`: an empty packet follows every command at once; the server sends it back behind
 *   the reply. Where one does not, silence ends the reply.
 * - `mark_after_full_part`: a part shorter than `fullPartBytes` is the last. After a full one an
 *   empty packet is sent, and whatever answers it comes behind the reply.
 * - `one_packet`: a reply is one packet.
 */
export type ReplyEnd = "mark_behind" | "mark_after_full_part" | "one_packet";

/** What differs between the servers that speak RCON. */
export interface RconDialect {
  /** The longest command, in UTF-8. */
  readonly commandBytesMax: number;
  /** Commands whose replies may be awaited at the same time. */
  readonly inFlightMax: number;
  readonly replyEnd: ReplyEnd;
  /** Where a part of a reply may have been cut; below it, a part is the last. */
  readonly fullPartBytes: number;
}

/** The Source engine, and most games that took RCON over from it. */
export const SOURCE: RconDialect = {
  // A packet has 4,096 bytes at most behind its length, ten of them not the command's.
  commandBytesMax: 4086,
  // Enough that a slow reply does not hold up the chat; the server takes them in order anyway.
  inFlightMax: 8,
  replyEnd: "mark_behind",
  fullPartBytes: 0,
};

/** Counter-Strike 2: a reply of any length is one packet. */
export const SOURCE_2: RconDialect = { ...SOURCE, replyEnd: "one_packet" };

/**
 * Minecraft reads a command with a single read of 1,460 bytes, and closes the connection where that
 * is not exactly one packet: a second one may be sent only once the first is answered.
 */
export const MINECRAFT: RconDialect = {
  commandBytesMax: 1446,
  inFlightMax: 1,
  replyEnd: "mark_after_full_part",
  // It cuts at 4,096 UTF-16 units, which are as many bytes or more; others cut at 4,096 bytes and
  // may step back to the beginning of a character.
  fullPartBytes: 4096 - 3,
};
