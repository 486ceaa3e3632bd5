/** Counting at the end that receives, and comparing with what was sent. */

/** What has come. */
export class Tally {
  #messages = 0;
  #bytes = 0;

  count(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }

  /** Says it, and begins anew. */
  take(): string {
    const text = tallyText(this.#messages, this.#bytes);
    this.#messages = 0;
    this.#bytes = 0;
    return text;
  }
}

/** @throws {Error} unless `received` is the tally of so many messages */
export function confirmTally(received: string, messages: number, bytesEach: number): void {
  const sent = tallyText(messages, messages * bytesEach);
  if (received !== sent) throw new Error(`sent ${sent}, but the server received ${received}`);
}

function tallyText(messages: number, bytes: number): string {
  return `${messages} messages, ${bytes} bytes`;
}
