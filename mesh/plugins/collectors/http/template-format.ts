import type { WaitingEvent } from "../sink.ts";
import type { Format, HttpMessage } from "./format.ts";
import type { Template } from "./template.ts";

/** One line an event, as the operator wrote it. */
export class TemplateFormat implements Format {
  readonly tokenScheme = "Bearer";
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  messages(events: readonly WaitingEvent[]): readonly HttpMessage[] {
    const text = events.map(({ envelope }) => this.#template.line(envelope)).join("\n");
    return [{ text, contentType: this.#contentType(events.length), events }];
  }

  #contentType(lines: number): string {
    if (!this.#template.isJson) return "text/plain; charset=utf-8";
    return lines === 1 ? "application/json" : "application/x-ndjson";
  }
}
