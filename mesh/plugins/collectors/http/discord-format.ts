import type { WaitingEvent } from "../sink.ts";
import { discordLine } from "./discord-line.ts";
import { discordPauseMs } from "./discord-pause.ts";
import type { Format, HttpMessage } from "./format.ts";
import { DISCORD_BATCH_EVENTS_MAX, DISCORD_MESSAGE_CHARS_MAX } from "./limits.ts";

/** Messages of Discord's webhooks, a line an event; as many lines in one as it holds. */
export class DiscordFormat implements Format {
  readonly tokenScheme = "Bearer";
  readonly batchEventsMax: number = DISCORD_BATCH_EVENTS_MAX;
  readonly pathHint =
    "was the webhook deleted? Make a new one in the channel's settings, and write its address into url";
  readonly pauseMs: typeof discordPauseMs = discordPauseMs;
  readonly #username: string | undefined;

  /** @param username who the messages are from; default: as the webhook is called */
  constructor(username: string | undefined) {
    this.#username = username;
  }

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const messages: HttpMessage[] = [];
    let content = "";
    let told: WaitingEvent[] = [];
    for (const event of events) {
      const line = discordLine(event.envelope);
      if (line === "") continue;
      if (told.length > 0 && content.length + 1 + line.length > DISCORD_MESSAGE_CHARS_MAX) {
        messages.push(this.#message(content, told));
        told = [];
      }
      content = told.length === 0 ? line : `${content}\n${line}`;
      told.push(event);
    }
    if (told.length > 0) messages.push(this.#message(content, told));
    return messages;
  }

  #message(content: string, events: readonly WaitingEvent[]): HttpMessage {
    const username = this.#username;
    const text = JSON.stringify({ content, allowed_mentions: { parse: [] }, username });
    return { text, contentType: "application/json", events };
  }
}
