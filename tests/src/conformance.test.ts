/**
 * Replays what a real SP-CCP server and client were recorded to put on the wire, from both sides.
 * Where a recording shows a defect, it carries beside it what its documentation requires.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import * as v from "valibot";
import { type ClientCallbacks, dial, Endpoint, RawReceiver } from "../../src/index.ts";
import clientRecording from "../fixtures/wire/client.json" with { type: "json" };
import serverRecording from "../fixtures/wire/server.json" with { type: "json" };
import { ByteStream } from "../helpers/byte-stream.ts";

const Steps = v.array(
  v.union([v.object({ client: v.string() }), v.object({ server: v.string() })]),
);
type Steps = v.InferOutput<typeof Steps>;

const ServerScenarios = v.array(
  v.object({ name: v.string(), recorded: Steps, required: v.optional(Steps) }),
);
const ClientScenarios = v.array(
  v.object({
    name: v.string(),
    mode: v.picklist(["request", "raw"]),
    events: v.array(v.string()),
    wire: Steps,
  }),
);

/** How the recorded bytes are cut on their way. */
const CUTS = ["whole", "byte by byte", "run together"] as const;
type Cut = (typeof CUTS)[number];

async function writeCut(stream: ByteStream, hex: string, cut: Cut): Promise<void> {
  const bytes = Buffer.from(hex, "hex");
  if (cut !== "byte by byte") {
    stream.write(bytes);
    return;
  }
  for (const byte of bytes) {
    stream.write(Buffer.of(byte));
    // A turn of the event loop, so that the bytes leave one at a time.
    await new Promise(setImmediate);
  }
}

describe("the endpoint answers as the recorded server did", () => {
  let endpoint: Endpoint;

  beforeAll(async () => {
    endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    endpoint.onRequest("echo", (_address, data) => data);
    endpoint.onRequest("ok", () => "OK");
    // A plugin in plain JavaScript may return anything.
    endpoint.onRequest("bad_type", () => JSON.parse("42"));
    endpoint.onRequest("boom", () => {
      throw new Error("boom");
    });
    endpoint.onRaw("raw_echo", RawEcho);
    endpoint.onRaw("raw_boom", RawBoom);
    endpoint.onRaw("raw_data_boom", RawDataBoom);
  });
  afterAll(() => endpoint.close());

  for (const { name, recorded, required } of v.parse(ServerScenarios, serverRecording.scenarios)) {
    for (const cut of CUTS) {
      test(`${name} (${cut})`, async () => {
        const stream = await ByteStream.connect(endpoint.port);
        if (cut === "run together") await replayTogether(stream, required ?? recorded);
        else await replayInTurn(stream, required ?? recorded, cut);
        stream.destroy();
      });
    }
  }
});

class RawEcho extends RawReceiver {
  override onDataReceived(data: Buffer): void {
    const text = data.toString();
    if (text === "stop") this.stop();
    else if (text === "badtype") this.sendData(JSON.parse("42"));
    else this.sendData(text === "str" ? "héllo" : data);
  }
}

class RawBoom extends RawReceiver {
  constructor(channel: ConstructorParameters<typeof RawReceiver>[0]) {
    super(channel);
    throw new Error("boom");
  }
}

class RawDataBoom extends RawReceiver {
  override onDataReceived(): void {
    throw new Error("boom");
  }
}

async function replayInTurn(stream: ByteStream, steps: Steps, cut: Cut): Promise<void> {
  let ended = false;
  for (const step of steps) {
    if ("server" in step) {
      if (step.server === "eof") ended = true;
      const expected = step.server === "eof" ? "" : step.server;
      const got = ended ? await stream.readToEnd() : await stream.read(expected.length / 2);
      expect(got.toString("hex")).toBe(expected);
    } else if (step.client === "half-close") {
      stream.end();
    } else {
      await writeCut(stream, step.client, cut);
    }
  }
  // Nothing may follow what was recorded.
  stream.end();
  if (!ended) expect((await stream.readToEnd()).toString("hex")).toBe("");
}

/** Everything the client said in one write; everything the server said, in order. */
async function replayTogether(stream: ByteStream, steps: Steps): Promise<void> {
  const said = steps.flatMap((step) => ("client" in step ? [step.client] : []));
  const heard = steps.flatMap((step) => ("server" in step ? [step.server] : []));
  stream.write(Buffer.from(said.filter((hex) => hex !== "half-close").join(""), "hex"));
  const expected = heard.filter((hex) => hex !== "eof").join("");
  if (!heard.includes("eof")) stream.end();
  if (said.includes("half-close")) stream.end();
  expect((await stream.readToEnd()).toString("hex")).toBe(expected);
}

describe("the client speaks as the recorded client did", () => {
  for (const { name, mode, events, wire } of v.parse(ClientScenarios, clientRecording.scenarios)) {
    for (const cut of CUTS) {
      test(`${name} (${cut})`, async () => {
        const accepted = Promise.withResolvers<Socket>();
        // Half-open, so that the client's own end can be told from the answer to the server's.
        const server = createServer({ allowHalfOpen: true }, accepted.resolve);
        const port = await ByteStream.listen(server);
        const { happened, callbacks } = recordEvents(name, wire);
        const call = dial({ host: "127.0.0.1", port, plugin: "p", mode }, callbacks);
        callbacks.attach(call);
        const stream = new ByteStream(await accepted.promise);
        if (cut === "run together") await scriptTogether(stream, wire);
        else await scriptInTurn(stream, wire, cut);
        stream.destroy();
        await call.closed;
        expect(happened).toEqual(events);
        server.close();
      });
    }
  }
});

interface Recorded {
  readonly happened: string[];
  readonly callbacks: ClientCallbacks & {
    attach(call: { send(data: string): boolean; stop(): void }): void;
  };
}

/** Callbacks that note the recording's names, and do what the recorded client did. */
function recordEvents(name: string, wire: Steps): Recorded {
  const happened: string[] = [];
  const sendsHi = wire.some((step) => "client" in step && step.client === "000003056869");
  let call: Parameters<Recorded["callbacks"]["attach"]>[0] | undefined;
  return {
    happened,
    callbacks: {
      attach: (dialled) => {
        call = dialled;
      },
      onConnected: () => happened.push("connected"),
      onAccepted: () => {
        happened.push("comm_accepted");
        if (sendsHi) call?.send("hi");
      },
      onData: (data) => {
        happened.push(`data_received:${data.toString("hex")}`);
        if (name === "on_data_received raises") throw new RangeError("as recorded");
        if (name === "request: accepted, send, data, stop") call?.stop();
      },
      onEnd: () => happened.push("comm_end"),
      onNobodyHome: () => happened.push("nobody_home"),
      onCommunicationError: () => happened.push("comm_error"),
      onProtocolError: () => happened.push("protocol_error"),
      onAbort: () => happened.push("connection_abort"),
      onCallbackError: (error) => {
        expect(error).toBeInstanceOf(RangeError);
        happened.push("raises RuntimeError");
      },
    },
  };
}

async function scriptInTurn(stream: ByteStream, wire: Steps, cut: Cut): Promise<void> {
  for (const step of wire) {
    if ("client" in step) {
      const expected = step.client === "eof" ? "" : step.client;
      const got =
        step.client === "eof" ? await stream.readToEnd() : await stream.read(expected.length / 2);
      expect(got.toString("hex")).toBe(expected);
    } else if (step.server === "close") {
      stream.end();
    } else {
      await writeCut(stream, step.server, cut);
    }
  }
}

/** Everything the server said in one write, once the client has started. */
async function scriptTogether(stream: ByteStream, wire: Steps): Promise<void> {
  const [start, ...said] = wire.flatMap((step) => ("client" in step ? [step.client] : []));
  expect((await stream.read((start?.length ?? 0) / 2)).toString("hex")).toBe(start ?? "");
  const bytes = wire.flatMap((step) => ("server" in step ? [step.server] : []));
  stream.write(Buffer.from(bytes.filter((hex) => hex !== "close").join(""), "hex"));
  stream.end();
  const expected = said.filter((hex) => hex !== "eof").join("");
  expect((await stream.readToEnd()).toString("hex")).toBe(expected);
}
