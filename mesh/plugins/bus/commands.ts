/** What an application asks of the bus: checked, because a stranger's program may have written it. [BUS-2] */

import * as v from "valibot";

const TIMEOUT_MS_MAX = 0x7f_ff_ff_ff;

/** What is wrong quotes what was sent, which may be of any length. */
const TEXT_CHARS_MAX = 200;

type Fields = Readonly<Record<string, unknown>>;

/** A command, as it may be written: what may be left out may be nil, too. */
export type Command =
  | {
      readonly op: "subscribe";
      readonly id: number;
      readonly pattern: string;
      readonly group?: string | null | undefined;
    }
  | {
      readonly op: "publish";
      readonly id?: number | null | undefined;
      readonly topic: string;
      readonly payload: unknown;
    }
  | {
      readonly op: "request";
      readonly id: number;
      /** Without one: any that offers the service. */
      readonly node?: string | null | undefined;
      readonly service: string;
      readonly payload: unknown;
      readonly timeoutMs?: number | null | undefined;
    }
  | { readonly op: "serve"; readonly id: number; readonly service: string }
  | { readonly op: "reply"; readonly call: number; readonly payload: unknown }
  | { readonly op: "fail"; readonly call: number; readonly text: string }
  | {
      readonly op: "presence";
      readonly id: number;
      /** Nil takes back what was said; without one, nothing new is said. */
      readonly state?: Fields | null | undefined;
      readonly watch: boolean;
    }
  | { readonly op: "peers"; readonly id: number; readonly watch: boolean }
  | { readonly op: "stop"; readonly id: number };

export type CommandOf<Op extends Command["op"]> = Extract<Command, { readonly op: Op }>;

const Id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Name = v.string();
/** There are languages that cannot leave a thing out, and say nil. */
const OptionalName = v.nullish(Name);
const Payload = v.optional(v.unknown(), null);
const Watch = v.nullish(v.boolean(), false);
const State: v.GenericSchema<Fields> = v.custom<Fields>(isMap, "a map is expected");

const CommandSchema: v.GenericSchema<unknown, Command> = v.variant(
  "op",
  [
    v.strictObject({
      op: v.literal("subscribe"),
      id: Id,
      pattern: Name,
      group: OptionalName,
    }),
    v.strictObject({ op: v.literal("publish"), id: v.nullish(Id), topic: Name, payload: Payload }),
    v.strictObject({
      op: v.literal("request"),
      id: Id,
      node: OptionalName,
      service: Name,
      payload: Payload,
      timeoutMs: v.nullish(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(TIMEOUT_MS_MAX)),
      ),
    }),
    v.strictObject({ op: v.literal("serve"), id: Id, service: Name }),
    v.strictObject({ op: v.literal("reply"), call: Id, payload: Payload }),
    v.strictObject({ op: v.literal("fail"), call: Id, text: v.string() }),
    v.strictObject({
      op: v.literal("presence"),
      id: Id,
      state: v.optional(v.nullable(State)),
      watch: Watch,
    }),
    v.strictObject({ op: v.literal("peers"), id: Id, watch: Watch }),
    v.strictObject({ op: v.literal("stop"), id: Id }),
  ],
  ({ received }) =>
    received === "undefined"
      ? 'is missing; a command has one, such as "publish"'
      : `no command is called ${received}`,
);

/** What is wrong with a command. */
export interface BadCommand {
  /** Which one it is, where that can be read. */
  readonly id: number | undefined;
  readonly text: string;
}

const Identified = v.object({ id: Id });

export function parseCommand(value: unknown): Command | BadCommand {
  if (!isMap(value)) return { id: undefined, text: "a map is expected" };
  const parsed = v.safeParse(CommandSchema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue);
  const identified = v.safeParse(Identified, value);
  return {
    id: identified.success ? identified.output.id : undefined,
    text: `${path}: ${issue.message}`.slice(0, TEXT_CHARS_MAX),
  };
}

function isMap(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value))
  );
}
