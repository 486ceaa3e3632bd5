import { expect, test } from "bun:test";
import {
  HttpFeed,
  type HttpFeedOptions,
} from "../../../../../mesh/plugins/games/text/http-feed.ts";
import type { Part } from "../../../../../mesh/plugins/games/text/parts.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";

async function freePort(): Promise<number> {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

class HttpBench implements AsyncDisposable {
  readonly told = new ToldLines();
  readonly url: string;
  readonly port: number;
  readonly #part: Part;

  static async open(more: Partial<HttpFeedOptions> = {}): Promise<HttpBench> {
    const bench = new HttpBench(await freePort(), more);
    await bench.told.ready();
    return bench;
  }

  private constructor(port: number, more: Partial<HttpFeedOptions>) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    const options = { host: "127.0.0.1", port, path: "/cs2", gameHost: "localhost", ...more };
    this.#part = new HttpFeed(options).open(this.told);
  }

  async post(body: string | Uint8Array<ArrayBuffer>, path = "/cs2"): Promise<number> {
    const response = await fetch(`${this.url}${path}`, { method: "POST", body });
    return response.status;
  }

  async close(): Promise<void> {
    await this.#part.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

test("reads the lines that are posted, the last one without an end too", async () => {
  await using bench = await HttpBench.open();
  expect(await bench.post("one\r\ntwo\n\nthree")).toBe(200);
  expect(await bench.post("")).toBe(200);
  expect(await bench.post(new Uint8Array([0xc3, 0xa9, 0xff, 0x0a]))).toBe(200);
  expect(bench.told.lines).toEqual(["one", "two", "three", "é\ufffd"]);
});

test("refuses another path, another method, and more than a game posts", async () => {
  await using bench = await HttpBench.open();
  expect(await bench.post("x", "/")).toBe(404);
  expect(await bench.post("x", "/cs2/more")).toBe(404);
  expect((await fetch(`${bench.url}/cs2`)).status).toBe(405);
  expect(await bench.post("x\n".repeat(128 * 1024 + 1))).toBe(413);
  expect(await bench.post("x\n".repeat(3))).toBe(200);
  expect(bench.told.lines).toEqual(["x", "x", "x"]);
});

test("refuses who is not the game", async () => {
  await using bench = await HttpBench.open({ gameHost: "192.0.2.7" });
  expect(await bench.post("forged")).toBe(403);
  expect(await bench.post("forged")).toBe(403);
  expect(bench.told.lines).toEqual([]);
  expect(bench.told.unread).toEqual([
    `a request that does not come from the game's address was refused: set host to the address that the game sends from (it arrived at 127.0.0.1:${bench.port})`,
  ]);
});

test("takes so many bodies at a time, and no more", async () => {
  await using bench = await HttpBench.open();
  const gates = Array.from({ length: 16 }, () => Promise.withResolvers<void>());
  const slow = gates.map(async ({ promise }, index) => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`begun ${index}`);
      await promise;
      yield Buffer.from(" done\n");
    }
    const response = await fetch(`${bench.url}/cs2`, { method: "POST", body: body() });
    return response.status;
  });
  let status = 200;
  for (let i = 0; status === 200 && i < 500; i++) status = await bench.post("");
  expect(status).toBe(503);
  for (const { resolve } of gates) resolve();
  expect(new Set(await Promise.all(slow))).toEqual(new Set([200]));
  expect(bench.told.lines.filter((line) => line.endsWith("done"))).toHaveLength(16);
  expect(await bench.post("next")).toBe(200);
});

test("a busy port is told, and a closed feed frees its own", async () => {
  await using bench = await HttpBench.open();
  const { port } = bench;
  const options = { host: "127.0.0.1", port, path: "/", gameHost: "127.0.0.1" };
  const second = new ToldLines();
  const part = new HttpFeed(options).open(second);
  expect(await second.end()).toEqual({
    kind: "failed",
    text: `127.0.0.1:${port} is in use by another program; stop it, or set log_port here and in the game`,
  });
  await part.close();
  await bench.close();
  const third = new ToldLines();
  const other = new HttpFeed(options).open(third);
  await third.ready();
  await other.close();
  const early = new ToldLines();
  await new HttpFeed(options).open(early).close();
  expect([early.readyCount, early.ends]).toEqual([0, []]);
});
