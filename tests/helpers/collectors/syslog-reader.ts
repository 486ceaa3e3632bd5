/** Reads syslog, strictly by the RFCs and byte by byte. Not of the project's making. */

export interface SyslogMessage {
  readonly priority: number;
  readonly version: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly sdId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly message: string;
}

/** RFC 6587, 3.4.1: `MSG-LEN SP SYSLOG-MSG`. */
export function splitOctets(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const count = Buffer.from(bytes.subarray(at, space)).toString();
    if (!/^[1-9]\d*$/.test(count)) throw new Error(`no count: ${count}`);
    const end = space + 1 + Number(count);
    if (end > bytes.length) throw new Error("the last message is cut");
    messages.push(bytes.subarray(space + 1, end));
    at = end;
  }
  return messages;
}

/** RFC 6587, 3.4.2, with LF. */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw new Error("the last line is cut");
    messages.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return messages;
}

/** RFC 5424, 6. */
export function readMessage(bytes: Uint8Array): SyslogMessage {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  let at = 0;
  const expectNext = (part: string): void => {
    if (!text.startsWith(part, at)) throw new Error(`no ${part} at ${at} of ${text}`);
    at += part.length;
  };
  const upTo = (end: string): string => {
    const to = text.indexOf(end, at);
    if (to < 0) throw new Error(`no ${end} after ${at} of ${text}`);
    const part = text.slice(at, to);
    at = to + end.length;
    return part;
  };
  const field = (charsMax: number): string => {
    const part = upTo(" ");
    if (part.length > charsMax || !/^[\x21-\x7e]+$/.test(part)) {
      throw new Error(`no field: ${part}`);
    }
    return part;
  };
  expectNext("<");
  const priority = Number(upTo(">"));
  const version = Number(upTo(" "));
  const timestamp = field(40);
  const hostname = field(255);
  const appName = field(48);
  const procId = field(128);
  const msgId = field(32);
  expectNext("[");
  const sdId = field(32);
  const params: Record<string, string> = {};
  for (;;) {
    const name = upTo('="');
    let value = "";
    while (text[at] !== '"') {
      const character = text[at];
      if (character === undefined || character === "]") throw new Error(`unescaped in ${text}`);
      if (character === "\\") {
        at++;
        if (!'"\\]'.includes(text[at] ?? "none")) throw new Error(`a stray \\ in ${text}`);
      }
      value += text[at];
      at++;
    }
    at++;
    params[name] = value;
    if (text[at] === "]") break;
    expectNext(" ");
  }
  expectNext("] ");
  const message = text.slice(at);
  return {
    priority,
    version,
    timestamp,
    hostname,
    appName,
    procId,
    msgId,
    sdId,
    params,
    message,
  };
}
