import { expect, test } from "bun:test";
import type { Part } from "../../../../../mesh/plugins/games/text/parts.ts";
import { UdpFeed, type UdpFeedOptions } from "../../../../../mesh/plugins/games/text/udp-feed.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { until } from "../../../../helpers/turns.ts";

const LINE = 'L 11/22/2026 - 07:11:12: "Al<2><STEAM_0:1:1><Red>" say "hé"';

function packet(kind: string, text: string): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from(`${kind}${text}\n\0`)]);
}

/** A feed on a free port, and a game that sends to it. */
class UdpBench implements AsyncDisposable {
  readonly told = new ToldLines();
  readonly port: number;
  readonly #game: Bun.udp.Socket<"buffer">;
  readonly #part: Part;

  static async open(more: Partial<UdpFeedOptions> = {}): Promise<UdpBench> {
    const game = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const spare = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const { port } = spare;
    spare.close();
    const bench = new UdpBench(game, port, more);
    await bench.told.ready();
    return bench;
  }

  private constructor(game: Bun.udp.Socket<"buffer">, port: number, more: Partial<UdpFeedOptions>) {
    this.#game = game;
    this.port = port;
    const options = { host: "127.0.0.1", port, gameHost: "localhost", ...more };
    this.#part = new UdpFeed(options).open(this.told);
  }

  send(...packets: readonly Uint8Array[]): void {
    for (const bytes of packets) this.#game.send(bytes, this.port, "127.0.0.1");
  }

  /** What was refused before the last of the lines came. */
  async settled(lines: number): Promise<string[]> {
    await this.told.linesOf(lines);
    return this.told.unread.map((text) => text.replace(/ \([^)]*\)$/, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#part.close();
    this.#game.close();
  }
}

test("reads a line a packet, without its end, whatever is in it", async () => {
  await using bench = await UdpBench.open();
  bench.send(
    packet("R", LINE),
    packet("R", "a\nb\0c"),
    Buffer.from("\xff\xff\xff\xffRx", "latin1"),
  );
  expect(await bench.told.linesOf(3)).toEqual([LINE, "a\nb\0c", "x"]);
});

test("refuses what is no log, and tells of it once", async () => {
  await using bench = await UdpBench.open();
  const bad = [
    "",
    "x",
    "\xff\xff\xff\xff",
    "\xff\xff\xff\xffR",
    "\xff\xff\xff\xffI lines",
    "RRRRRLine",
  ];
  bench.send(...bad.map((text) => Buffer.from(text, "latin1")), packet("R", LINE));
  expect(await bench.settled(1)).toEqual(["a packet that is no line of a log was not read"]);
  expect(bench.told.lines).toEqual([LINE]);
});

test("with a secret, reads only lines that have it", async () => {
  await using bench = await UdpBench.open({ secret: "4711" });
  bench.send(
    packet("R", LINE),
    packet("S", LINE),
    packet("S", `4712${LINE}`),
    packet("S", `471${LINE}`),
    packet("S", `47111${LINE}`),
    packet("S", "47"),
    packet("S", `4711${LINE}`),
  );
  expect(await bench.settled(1)).toEqual([
    "a packet without the secret was not read; set sv_logsecret in the game, as log_secret",
    "a packet with another secret was not read; is log_secret the game's sv_logsecret?",
  ]);
  expect(bench.told.lines).toEqual([LINE]);
  expect(JSON.stringify(bench.told)).not.toContain("4711L");
});

test("without one, reads no lines that have one", async () => {
  await using bench = await UdpBench.open();
  bench.send(packet("S", `4711${LINE}`), packet("R", LINE));
  expect(await bench.settled(1)).toEqual([
    "a packet with a secret was not read; set log_secret to the game's sv_logsecret",
  ]);
  expect(bench.told.lines).toEqual([LINE]);
});

test("reads nothing from another address, or another port where one is set", async () => {
  await using bench = await UdpBench.open({ gameHost: "192.0.2.7" });
  bench.send(packet("R", LINE));
  await until(() => bench.told.unread.length > 0);
  expect(bench.told.unread).toEqual([
    `a packet that does not come from the game's address was not read: set host to the address that the game sends from, and log_from_port, if written, to its port (it arrived at 127.0.0.1:${bench.port})`,
  ]);

  const game = await Bun.udpSocket({ hostname: "127.0.0.1" });
  await using strict = await UdpBench.open({ gamePort: game.port });
  strict.send(packet("R", "forged"));
  await until(() => strict.told.unread.length > 0);
  game.send(packet("R", LINE), strict.port, "127.0.0.1");
  expect(await strict.told.linesOf(1)).toEqual([LINE]);
  game.close();
});

test("reads from the game although IPv6 is listened on, too", async () => {
  await using bench = await UdpBench.open({ host: "::" });
  bench.send(packet("R", LINE));
  expect(await bench.told.linesOf(1)).toEqual([LINE]);
});

test("says what is wrong with where it is to listen, and with the game's address", async () => {
  await using bench = await UdpBench.open();
  const { port } = bench;
  const ends = [];
  for (const options of [
    { host: "127.0.0.1", gameHost: "127.0.0.1" },
    { host: "192.0.2.1", gameHost: "127.0.0.1" },
    { host: "127.0.0.1", gameHost: "nowhere.invalid" },
  ]) {
    const told = new ToldLines();
    const part = new UdpFeed({ ...options, port }).open(told);
    ends.push(await told.end());
    await part.close();
    expect(told.readyCount).toBe(0);
  }
  expect(ends).toEqual([
    {
      kind: "failed",
      text: `127.0.0.1:${port} is in use by another program; stop it, or set log_port here and in the game`,
    },
    {
      kind: "failed",
      text: `cannot listen on 192.0.2.1:${port} (EADDRNOTAVAIL); set log_host to an address of this machine`,
    },
    {
      kind: "unreachable",
      text: "the address of nowhere.invalid, where the game is, was not found (ENOTFOUND); correct host",
    },
  ]);
});

test("frees its port when it is closed, at any time", async () => {
  const bench = await UdpBench.open();
  await bench[Symbol.asyncDispose]();
  const options = { host: "127.0.0.1", port: bench.port, gameHost: "127.0.0.1" };
  const early = new ToldLines();
  await new UdpFeed(options).open(early).close();
  expect([early.readyCount, early.ends]).toEqual([0, []]);
  const again = new ToldLines();
  const part = new UdpFeed(options).open(again);
  await again.ready();
  await part.close();
  await part.close();
});
