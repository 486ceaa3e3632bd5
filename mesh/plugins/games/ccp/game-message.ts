/** What a game's plugin tells the node: checked, because a stranger's program may have written it. [GAME-2] */

import * as v from "valibot";
import { type ChatAudience, type GamePlayer, oneLine } from "../../../index.ts";
import {
  MESSAGE_BYTES_MAX,
  NAME_CHARS_MAX,
  PLAYERS_MAX,
  PROBLEM_CHARS_MAX,
  TEXT_CHARS_MAX,
} from "./limits.ts";

export type GameMessage =
  | {
      readonly type: "up";
      readonly map?: string | null | undefined;
      readonly players: GamePlayer[];
    }
  | {
      readonly type: "chat";
      readonly player: GamePlayer;
      readonly text: string;
      readonly audience: ChatAudience;
    }
  | { readonly type: "join"; readonly player: GamePlayer }
  | { readonly type: "leave"; readonly player: GamePlayer }
  | { readonly type: "rename"; readonly player: GamePlayer; readonly before: string }
  | { readonly type: "map"; readonly map: string }
  | { readonly type: "down" };

const Name = v.pipe(
  v.string(),
  v.maxLength(NAME_CHARS_MAX),
  v.transform(oneLine),
  v.check((name) => name.trim() !== "", "there must be something in it to be seen"),
);

/** Games count; a number says the same as its digits. */
const Label = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger())]),
  v.transform(String),
  v.maxLength(NAME_CHARS_MAX),
  v.transform(oneLine),
);

/** There are languages that cannot leave a thing out, and say null. */
const OptionalLabel = v.nullish(Label);

const PlayerSchema = v.pipe(
  v.strictObject({ name: Name, id: OptionalLabel, team: OptionalLabel }),
  v.transform(({ name, id, team }): GamePlayer => ({ name, ...given({ id, team }) })),
);

const Text = v.pipe(v.string(), v.maxLength(TEXT_CHARS_MAX), v.transform(oneLine));

const MessageSchema: v.GenericSchema<unknown, GameMessage> = v.variant(
  "type",
  [
    v.strictObject({
      type: v.literal("up"),
      map: v.nullish(Name),
      players: v.nullish(v.pipe(v.array(PlayerSchema), v.maxLength(PLAYERS_MAX)), () => []),
    }),
    v.strictObject({
      type: v.literal("chat"),
      player: PlayerSchema,
      text: Text,
      audience: v.nullish(v.picklist(["all", "team", "admin"]), "all"),
    }),
    v.strictObject({ type: v.literal("join"), player: PlayerSchema }),
    v.strictObject({ type: v.literal("leave"), player: PlayerSchema }),
    v.strictObject({ type: v.literal("rename"), player: PlayerSchema, before: Name }),
    v.strictObject({ type: v.literal("map"), map: Name }),
    v.strictObject({ type: v.literal("down") }),
  ],
  ({ received }) =>
    received === "undefined"
      ? "it must say which message this is"
      : `no message is called ${received}`,
);

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The message, or what is wrong with it and where. */
export function readGameMessage(data: Uint8Array): GameMessage | { readonly problem: string } {
  if (data.length > MESSAGE_BYTES_MAX) {
    const problem = `the message has ${data.length} bytes; one has at most ${MESSAGE_BYTES_MAX}`;
    return { problem };
  }
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(data));
  } catch (error) {
    return { problem: shortened(`the message is no JSON in UTF-8: ${String(error)}`) };
  }
  const parsed = v.safeParse(MessageSchema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  return {
    problem: shortened(
      path === null
        ? 'the message must be a JSON object with a "type"'
        : `${path}: ${issue.message}`,
    ),
  };
}

function shortened(text: string): string {
  return oneLine(text.slice(0, PROBLEM_CHARS_MAX));
}

/** Without what was left out. */
function given(labels: {
  readonly id: string | null | undefined;
  readonly team: string | null | undefined;
}): Omit<GamePlayer, "name"> {
  const { id, team } = labels;
  return { ...(typeof id === "string" && { id }), ...(typeof team === "string" && { team }) };
}
