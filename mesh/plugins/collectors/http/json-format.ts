import type { WaitingEvent } from "../sink.ts";
import type { Format, HttpMessage } from "./format.ts";

/** An array of envelopes. */
export class JsonFormat implements Format {
  readonly tokenScheme = "Bearer";

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const text = `[${events.map(({ json }) => json).join(",")}]`;
    return [{ text, contentType: "application/json", events }];
  }
}

/** An envelope a line. */
export class NdjsonFormat implements Format {
  readonly tokenScheme = "Bearer";

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const text = `${events.map(({ json }) => json).join("\n")}\n`;
    return [{ text, contentType: "application/x-ndjson", events }];
  }
}
