import { afterAll, beforeAll, expect, test } from "bun:test";
import * as v from "valibot";
import {
  CcpError,
  Endpoint,
  MessagePackReceiver,
  MessagePackStream,
  messagePackCallback,
  messagePackRequest,
  type Parse,
  RawClient,
  RequestClient,
} from "../../src/index.ts";

const Kill = v.object({ by: v.string(), steamId: v.union([v.number(), v.bigint()]) });
const parseKill: Parse<v.InferOutput<typeof Kill>> = (value) => v.parse(Kill, value);
const parseScore: Parse<number> = (value) => v.parse(v.object({ score: v.number() }), value).score;

let endpoint: Endpoint;
const errors: unknown[] = [];

beforeAll(async () => {
  endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    onReceiverError: (error) => errors.push(error),
  });
  endpoint.onRequest(
    "score",
    messagePackCallback(parseKill, ({ by }) => Promise.resolve({ score: by.length })),
  );
  endpoint.onRequest(
    "id",
    messagePackCallback(parseKill, ({ steamId }) => steamId),
  );
  endpoint.onRaw("feed", Feed);
});
afterAll(() => endpoint.close());

class Feed extends MessagePackReceiver {
  override onValue(value: unknown): void {
    this.sendValue([value, "heard"]);
  }
}

function target(plugin: string): { host: string; port: number; plugin: string } {
  return { host: "127.0.0.1", port: endpoint.port, plugin };
}

test("a value is asked with, and one is answered", async () => {
  await using client = await RequestClient.connect(target("score"));
  const kill = { by: "Alice", steamId: 1 };
  expect(await messagePackRequest(client, kill, { parse: parseScore })).toBe(5);
});

test("a Steam id keeps all its digits", async () => {
  await using client = await RequestClient.connect(target("id"));
  const steamId = 76_561_198_000_000_001n;
  const parse: Parse<bigint> = (value) => v.parse(v.bigint(), value);
  expect(await messagePackRequest(client, { by: "Bob", steamId }, { parse })).toBe(steamId);
});

test("what the plugin's parse refuses ends the communication, and the plugin's error is reported", async () => {
  await using client = await RequestClient.connect(target("score"));
  errors.length = 0;
  const asked = messagePackRequest(client, { by: 7 }, { parse: parseScore });
  expect(await codeOf(asked)).toBe("communication_error");
  expect(errors).toEqual([expect.any(v.ValiError)]);
});

test("bytes that are no MessagePack do so too", async () => {
  await using client = await RequestClient.connect(target("score"));
  errors.length = 0;
  expect(await codeOf(client.request(Buffer.of(0xc1)))).toBe("communication_error");
  expect(errors.map((error) => error instanceof CcpError && error.code)).toEqual([
    "bad_messagepack",
  ]);
});

test("values stream both ways over a raw communication", async () => {
  await using client = await RawClient.connect(target("feed"));
  const parse = (value: unknown): unknown => v.parse(v.tuple([v.unknown(), v.string()]), value)[0];
  const stream = new MessagePackStream(client, parse);
  const sent = [1, "zwei", null, { three: [3] }, new Date(0)];
  for (const value of sent) {
    stream.send(value);
  }
  const heard: unknown[] = [];
  for await (const value of stream) {
    heard.push(value);
    if (heard.length === sent.length) {
      break;
    }
  }
  expect(heard).toEqual(sent);
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof CcpError ? error.code : String(error);
  }
  return "nothing was thrown";
}
