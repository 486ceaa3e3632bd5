const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SUBNEGOTIATION = 250;
const SUBNEGOTIATION_END = 240;

/** Where in a sequence the filter is. */
type TelnetState = "text" | "command" | "option" | "subnegotiation" | "subnegotiation_command";

/**
 * Takes telnet's sequences out of what arrives, and refuses every option that is offered or asked for: what is left
 * is lines. A server that speaks no telnet sends no byte 255, as no UTF-8 has it.
 */
export class TelnetFilter {
  readonly #answer: (bytes: Uint8Array) => void;
  #state: TelnetState = "text";
  #verb = 0;

  constructor(answer: (bytes: Uint8Array) => void) {
    this.#answer = answer;
  }

  /** What is text in it. */
  take(chunk: Uint8Array): Uint8Array {
    if (this.#state === "text" && !chunk.includes(IAC)) return chunk;
    const text = new Uint8Array(chunk.length);
    const answers: number[] = [];
    let length = 0;
    for (const byte of chunk) {
      if (this.#isText(byte, answers)) text[length++] = byte;
    }
    if (answers.length > 0) this.#answer(Uint8Array.from(answers));
    return text.subarray(0, length);
  }

  #isText(byte: number, answers: number[]): boolean {
    switch (this.#state) {
      case "text":
        if (byte !== IAC) return true;
        this.#state = "command";
        return false;
      case "command":
        this.#state = this.#afterCommand(byte);
        return byte === IAC;
      case "option":
        if (this.#verb === WILL) answers.push(IAC, DONT, byte);
        if (this.#verb === DO) answers.push(IAC, WONT, byte);
        this.#state = "text";
        return false;
      case "subnegotiation":
        if (byte === IAC) this.#state = "subnegotiation_command";
        return false;
      case "subnegotiation_command":
        this.#state = byte === SUBNEGOTIATION_END ? "text" : "subnegotiation";
        return false;
    }
  }

  #afterCommand(byte: number): TelnetState {
    if (byte === SUBNEGOTIATION) return "subnegotiation";
    if (byte < WILL || byte > DONT) return "text";
    this.#verb = byte;
    return "option";
  }
}
