import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import * as fc from "fast-check";
import type { Sink } from "../../../../../mesh/plugins/collectors/sink.ts";
import { STREAM_SINK } from "../../../../../mesh/plugins/collectors/stream/stream-sink.ts";
import {
  LineReceiver,
  type ReceiverOptions,
} from "../../../../helpers/collectors/line-receiver.ts";
import {
  batchOf,
  deliver,
  eventOf,
  idsOf,
  readSink,
  send,
  sinkOf,
  withoutRepeats,
} from "../../../../helpers/collectors/sinks.ts";
import { freePort } from "../../../../helpers/games/free-port.ts";
import { CA, ELSEWHERE, LOCALHOST, SELF_SIGNED } from "../../../../helpers/tls.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { until } from "../../../../helpers/turns.ts";

const DELIVERED = { kind: "delivered" } as const;

function tcp(port: number): string {
  return `tcp://127.0.0.1:${port}`;
}

/** Closes so that the other side sees a reset. */
function reset(socket: Socket): void {
  socket.resetAndDestroy();
}

describe("the settings of a stream", () => {
  test.each([
    ["tcp://logs.example:6000", {}, []],
    ["tls://[::1]:6000", { tls_ca: "ca.pem", ack: "line", timeout_ms: "500" }, []],
    ["tcp://h:6000", { resend_ms: "100", connect_timeout_ms: "100" }, []],
    ["tcp://h", {}, ["url must name a port from 1 to 65535, as in host:6000"]],
    ["tcp://h:0", {}, ["url must name a port from 1 to 65535, as in host:6000"]],
    ["tcp://h:6000/path", {}, ["url must end after the port"]],
    ["tcp://h:6000?a=b", {}, ["url must end after the port"]],
    ["tcp://:6000", {}, "cannot be a URL"],
    ["tcp://user:secret@h:6000", {}, ["url must have no user and no password: tcp has none"]],
    ["tcp://h:6000", { tls_ca: "ca.pem" }, ["tls_ca is for a url with TLS; it begins with tls://"]],
    [
      "tcp://h:6000",
      { ack: "line", resend_ms: "1" },
      ["resend_ms is for ack = none; with ack = line nothing need be guessed"],
    ],
    [
      "tcp://h:6000",
      { ack: "lines" },
      ['ack must be one of none, line, not "lines"; did you mean line?'],
    ],
  ])("%s with %j", (url, written, problems) => {
    if (typeof problems === "string") expect(() => readSink(STREAM_SINK, url, written)).toThrow();
    else expect(readSink(STREAM_SINK, url, written).problems).toEqual(problems);
  });

  test("a host that is none is refused", () => {
    expect(readSink(STREAM_SINK, "tcp://a%20b:6000").problems).toEqual([
      "url must name a host: its name, or its address, an IPv6 one in brackets",
    ]);
  });

  test("where it goes is told without secrets", () => {
    expect(readSink(STREAM_SINK, "tls://user:secret@[::1]:6000").sink.where).toBe(
      "tls://[::1]:6000",
    );
  });
});

describe("a receiver that answers nothing", () => {
  test("gets lines of JSON, in order, on one connection, and the rest before the close", async () => {
    await using receiver = await LineReceiver.listen();
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    for (const batch of [batchOf(1, 2), batchOf(3)]) {
      expect(await send(sink, batch)).toEqual(DELIVERED);
    }
    const together = [4, 5, 6, 7].map((seq) => send(sink, batchOf(seq)));
    expect(await Promise.all(together)).toEqual([DELIVERED, DELIVERED, DELIVERED, DELIVERED]);
    await sink.close();
    const numbers = [1, 2, 3, 4, 5, 6, 7];
    expect(receiver.lines).toEqual(numbers.map((seq) => eventOf(seq).json));
    expect(receiver.connections).toHaveLength(1);
  });

  test("any events arrive as they were, one a line", async () => {
    await using receiver = await LineReceiver.listen();
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    let from = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", maxLength: 200 }), { minLength: 1, maxLength: 5 }),
        async (texts) => {
          const events = texts.map((text, at) => eventOf(at, { payload: { text } }));
          expect(await send(sink, { key: "k", events })).toEqual(DELIVERED);
          await receiver.received(from + texts.length);
          const arrived = receiver.lines.slice(from).map((line): unknown => JSON.parse(line));
          expect(arrived).toEqual(events.map(({ json }): unknown => JSON.parse(json)));
          from += texts.length;
        },
      ),
      { numRuns: 50 },
    );
    await sink.close();
  });

  test("is not there: it comes again, and the text says what to look at", async () => {
    const sink = sinkOf(STREAM_SINK, tcp(freePort()));
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${sink.where}: nothing listens there; is the receiver running?`,
    });
    await sink.close();
  });

  test("closes at once: nothing counts as delivered", async () => {
    await using receiver = await LineReceiver.listen({ onConnection: (socket) => socket.end() });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    const { kind, ...told } = await send(sink, batchOf(1));
    expect(kind).toBe("retry");
    expect(JSON.stringify(told)).toContain("closed the connection at once");
    await sink.close();
  });

  test("resets at once: nothing counts as delivered", async () => {
    await using receiver = await LineReceiver.listen({ onConnection: reset });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    expect(await send(sink, batchOf(1))).toMatchObject({ kind: "retry" });
    await sink.close();
  });

  test("resets in the middle of a batch: the whole of it comes again", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        if (number === 0) socket.once("data", () => reset(socket));
        else receiver.read(socket, number);
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    const events = [eventOf(1, { payload: { text: "x".repeat(8_000_000) } }), eventOf(2)];
    const batch = { key: "large", events };
    expect(await send(sink, batch)).toMatchObject({ kind: "retry" });
    expect(await send(sink, batch)).toEqual(DELIVERED);
    await receiver.received(2);
    expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2"]);
    await sink.close();
  });

  test("never reads: it comes again once the time is over, and nothing hangs or grows", async () => {
    await using receiver = await LineReceiver.listen({ onConnection: (socket) => socket.pause() });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), { timeout_ms: "400" });
    const large = { key: "k", events: [eventOf(1, { payload: { text: "x".repeat(16_000_000) } })] };
    expect(await send(sink, large)).toEqual({
      kind: "retry",
      text: `${sink.where} takes nothing, or too slowly; is it overloaded?`,
    });
    await sink.close();
  });

  test("talks without end: it is read and dropped, and the lines still arrive", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        receiver.read(socket, number);
        const chunk = Buffer.alloc(64 * 1024, 0x61);
        const talk = (): void => {
          while (!socket.destroyed && socket.write(chunk));
        };
        socket.on("drain", talk);
        talk();
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
    await receiver.received(2);
    expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2"]);
    await sink.close();
  });

  test("stops after a batch: the batch comes again by itself once it is back", async () => {
    const first = await LineReceiver.listen();
    const { port } = first;
    const sink = sinkOf(STREAM_SINK, tcp(port));
    expect(await send(sink, batchOf(1, 2))).toEqual(DELIVERED);
    await first.received(2);
    await first[Symbol.asyncDispose]();
    await using second = await LineReceiver.listen({ port });
    await second.received(2);
    expect(await send(sink, batchOf(3))).toEqual(DELIVERED);
    await second.received(3);
    expect(idsOf(second.lines)).toEqual(["id-1", "id-2", "id-3"]);
    await sink.close();
  });

  test("stops before it has read a batch: what was lost comes before the next one", async () => {
    const first = await LineReceiver.listen({ onConnection: () => undefined });
    const { port } = first;
    const sink = sinkOf(STREAM_SINK, tcp(port), { resend_ms: "100" });
    for (const seq of [1, 2, 3]) expect(await send(sink, batchOf(seq))).toEqual(DELIVERED);
    const [socket] = first.connections;
    if (socket !== undefined) reset(socket);
    await first[Symbol.asyncDispose]();
    await using second = await LineReceiver.listen({ port });
    await deliver(sink, batchOf(4));
    await second.received(4);
    expect(idsOf(second.lines)).toEqual(["id-1", "id-2", "id-3", "id-4"]);
    await sink.close();
  });

  test("ends in order long after the last batch: nothing comes twice", async () => {
    await using receiver = await LineReceiver.listen();
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), { resend_ms: "100" });
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    await receiver.received(1);
    await Bun.sleep(110);
    receiver.connections[0]?.end();
    await until(() => receiver.connections[0]?.destroyed === true);
    expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
    await receiver.received(2);
    expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2"]);
    expect(receiver.connections).toHaveLength(2);
    await sink.close();
  });

  test("breaks every connection sooner or later: nothing is lost, whatever comes twice", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        receiver.read(socket, number, () => {
          // Each third connection stays.
          if (number % 3 === 2) return;
          if (number % 3 === 0) reset(socket);
          else socket.end();
        });
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    const seqs = Array.from({ length: 12 }, (_, at) => at);
    for (const seq of seqs) await deliver(sink, batchOf(seq));
    const expected = seqs.map((seq) => `id-${seq}`);
    await until(() => expected.every((id) => receiver.texts.join("").includes(`"${id}"`)));
    expect(withoutRepeats(idsOf(receiver.lines))).toEqual(expected);
    await sink.close();
  });

  test("is given up on: it answers at once, and the next one is not held up", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        if (number === 0) socket.pause();
        else receiver.read(socket, number);
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    const giveUp = new AbortController();
    const large = { key: "k", events: [eventOf(1, { payload: { text: "x".repeat(16_000_000) } })] };
    const given = sink.send(large, giveUp.signal);
    await receiver.connected(1);
    giveUp.abort();
    expect(await given).toMatchObject({ kind: "retry" });
    expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
    await receiver.received(1);
    expect(idsOf(receiver.lines)).toEqual(["id-2"]);
    await sink.close();
  });

  test("a close gives up what is on its way", async () => {
    await using receiver = await LineReceiver.listen({ onConnection: (socket) => socket.pause() });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    const large = { key: "k", events: [eventOf(1, { payload: { text: "x".repeat(16_000_000) } })] };
    const sending = send(sink, large);
    await receiver.connected(1);
    await sink.close();
    expect(await sending).toMatchObject({ kind: "retry" });
  });
});

describe("the next sink of a collector, after a receiver that answers nothing", () => {
  /** As a reload makes it. */
  function next(port: number): Sink {
    const sink = sinkOf(STREAM_SINK, tcp(port), { timeout_ms: "5000" });
    sink.start?.();
    return sink;
  }

  test("brings what was lost with a connection that broke before", async () => {
    const first = await LineReceiver.listen({ onConnection: () => undefined });
    const { port } = first;
    const sink = sinkOf(STREAM_SINK, tcp(port));
    expect(await send(sink, batchOf(1, 2))).toEqual(DELIVERED);
    const [socket] = first.connections;
    if (socket !== undefined) reset(socket);
    await first[Symbol.asyncDispose]();
    await sink.close();
    const again = next(port);
    await using second = await LineReceiver.listen({ port });
    await second.received(2);
    expect(await send(again, batchOf(3))).toEqual(DELIVERED);
    await again.close();
    const third = next(port);
    expect(await send(third, batchOf(4))).toEqual(DELIVERED);
    await third.close();
    expect(idsOf(second.lines)).toEqual(["id-1", "id-2", "id-3", "id-4"]);
  });

  test("brings what is lost with a connection that breaks while the first is closed", async () => {
    const first = await LineReceiver.listen({ onConnection: () => undefined });
    const { port } = first;
    const sink = sinkOf(STREAM_SINK, tcp(port));
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    const closed = sink.close();
    const [socket] = first.connections;
    if (socket !== undefined) reset(socket);
    await first[Symbol.asyncDispose]();
    await closed;
    const again = next(port);
    await using second = await LineReceiver.listen({ port });
    await second.received(1);
    await again.close();
    expect(idsOf(second.lines)).toEqual(["id-1"]);
  });

  test("brings it over TLS, too, and nothing that was read", async () => {
    await using folder = await TempFolder.create({ "ca.pem": CA });
    const open = (port: number): Sink => {
      const sink = sinkOf(STREAM_SINK, `tls://localhost:${port}`, { tls_ca: folder.at("ca.pem") });
      sink.start?.();
      return sink;
    };
    const first = await LineReceiver.listen({ tls: LOCALHOST, onConnection: () => undefined });
    const { port } = first;
    const sink = open(port);
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    const closed = sink.close();
    for (const socket of first.connections) reset(socket);
    await first[Symbol.asyncDispose]();
    await closed;
    const again = open(port);
    await using second = await LineReceiver.listen({ tls: LOCALHOST, port });
    await second.received(1);
    expect(await send(again, batchOf(2))).toEqual(DELIVERED);
    await again.close();
    const third = open(port);
    expect(await send(third, batchOf(3))).toEqual(DELIVERED);
    await third.close();
    expect(idsOf(second.lines)).toEqual(["id-1", "id-2", "id-3"]);
  });

  describe("where the receiver leaves its side open", () => {
    function openSink(port: number): Sink {
      const sink = sinkOf(STREAM_SINK, tcp(port), { resend_ms: "100" });
      sink.start?.();
      return sink;
    }

    test.if(process.platform === "linux")("brings nothing of what it has long taken", async () => {
      await using receiver = await LineReceiver.listen({
        onConnection: (socket, number) => {
          socket.setEncoding("utf8").on("data", (text: string) => {
            receiver.texts[number] += text;
          });
        },
      });
      const sink = openSink(receiver.port);
      expect(await send(sink, batchOf(1, 2))).toEqual(DELIVERED);
      await receiver.received(2);
      await sink.close();
      const again = openSink(receiver.port);
      expect(await send(again, batchOf(3))).toEqual(DELIVERED);
      await receiver.received(3);
      expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2", "id-3"]);
      await receiver[Symbol.asyncDispose]();
      await again.close();
    });

    test("brings all where its system has not taken it", async () => {
      const first = await LineReceiver.listen({ onConnection: (socket) => socket.pause() });
      const { port } = first;
      const sink = openSink(port);
      // More than a system takes for a program that reads nothing, and no more than this one keeps of it.
      const large = [1, 2].map((seq) => eventOf(seq, { payload: { text: "x".repeat(600_000) } }));
      for (const event of large) {
        expect(await send(sink, { key: "k", events: [event] })).toEqual(DELIVERED);
      }
      await sink.close();
      await first[Symbol.asyncDispose]();
      await using second = await LineReceiver.listen({ port });
      const again = openSink(port);
      expect(await send(again, batchOf(3))).toEqual(DELIVERED);
      await second.received(3);
      await again.close();
      expect(idsOf(second.lines)).toEqual(["id-1", "id-2", "id-3"]);
    });
  });

  test("brings nothing that the receiver had read, however short before", async () => {
    await using receiver = await LineReceiver.listen();
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port));
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    await sink.close();
    const again = next(receiver.port);
    expect(await send(again, batchOf(2))).toEqual(DELIVERED);
    await again.close();
    expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2"]);
  });
});

describe("with ack = line", () => {
  const ACK = { ack: "line", timeout_ms: "400" } as const;

  /** Answers each empty line. */
  function answering(answer: string): NonNullable<ReceiverOptions["onConnection"]> {
    return (socket) => {
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.endsWith("\n\n")) socket.write(answer);
      });
      socket.on("end", () => socket.end());
    };
  }

  test("each batch is answered, over one connection", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) =>
        receiver.read(socket, number, (text) => {
          // In pieces.
          if (text.endsWith("\n\n")) for (const piece of ["O", "K\r", "\n"]) socket.write(piece);
        }),
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), { ack: "line" });
    for (const seq of [1, 2, 3]) {
      expect(await send(sink, batchOf(seq, seq + 10))).toEqual(DELIVERED);
    }
    await sink.close();
    const text = [1, 2, 3].map((seq) => `${eventOf(seq).json}\n${eventOf(seq + 10).json}\n\n`);
    expect(receiver.texts).toEqual([text.join("")]);
  });

  test.each([
    ["refused too old\n", { kind: "refused", text: '${where} refused it: "too old"' }],
    [
      "refused: größe ≠ maß\u202e\u0007\n",
      { kind: "refused", text: '${where} refused it: "größe ≠ maß"' },
    ],
    ["refused\n", { kind: "refused", text: '${where} refused it: ""' }],
    [
      "HTTP/1.1 400 \u001b[31mBad\n",
      {
        kind: "retry",
        text: '${where} answered neither ok nor refused but "HTTP/1.1 400  [31mBad"; is it the right port?',
      },
    ],
    [
      "o",
      { kind: "retry", text: "${where} did not answer in time; does it answer ok to each batch?" },
    ],
    [
      "",
      { kind: "retry", text: "${where} did not answer in time; does it answer ok to each batch?" },
    ],
  ] as const)("the answer %j", async (answer, { kind, text }) => {
    await using receiver = await LineReceiver.listen({ onConnection: answering(answer) });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), ACK);
    expect(await send(sink, batchOf(1))).toEqual({
      kind,
      text: text.replace("${where}", sink.where),
    });
    await sink.close();
  });

  test("an answer without an end is cut, not kept", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: answering(`${"x".repeat(5_000_000)}\n`),
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), { ack: "line" });
    const result = await send(sink, batchOf(1));
    expect(result.kind).toBe("retry");
    expect(JSON.stringify(result).length).toBeLessThan(500);
    await sink.close();
  });

  test("a receiver that stops before it answers gets the same again", async () => {
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        if (number === 0) socket.once("data", () => socket.end());
        else receiver.read(socket, number, () => socket.write("ok\n"));
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), ACK);
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${sink.where}: it closed the connection`,
    });
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    await sink.close();
  });

  test("a late answer is not taken for that to the next batch", async () => {
    let late: Socket | undefined;
    await using receiver = await LineReceiver.listen({
      onConnection: (socket, number) => {
        if (number === 0) {
          late = socket;
          socket.resume();
        } else receiver.read(socket, number);
      },
    });
    const sink = sinkOf(STREAM_SINK, tcp(receiver.port), ACK);
    expect(await send(sink, batchOf(1))).toMatchObject({ kind: "retry" });
    late?.write("ok\n");
    expect(await send(sink, batchOf(2))).toMatchObject({ kind: "retry" });
    expect(receiver.connections).toHaveLength(2);
    await sink.close();
  });
});

describe("over TLS", () => {
  async function folderWithCa(): Promise<TempFolder> {
    return await TempFolder.create({ "ca.pem": CA, "none.pem": "no certificate" });
  }

  test("to a host that proves who it is", async () => {
    await using folder = await folderWithCa();
    await using receiver = await LineReceiver.listen({ tls: LOCALHOST });
    for (const host of ["localhost", "127.0.0.1"]) {
      const url = `tls://${host}:${receiver.port}`;
      const sink = sinkOf(STREAM_SINK, url, { tls_ca: folder.at("ca.pem") });
      expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
      expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
      await sink.close();
    }
    expect(idsOf(receiver.lines)).toEqual(["id-1", "id-2", "id-1", "id-2"]);
  });

  test.each([
    ["another name", ELSEWHERE, "ca.pem", "TLS failed"],
    ["a certificate of its own", SELF_SIGNED, "ca.pem", "TLS failed"],
    ["a file of authorities that is not there", LOCALHOST, "gone.pem", "cannot be read (ENOENT)"],
    ["a file of authorities without any", LOCALHOST, "none.pem", "has no certificate in it"],
  ])("%s: nothing is sent", async (_what, tls, file, text) => {
    await using folder = await folderWithCa();
    await using receiver = await LineReceiver.listen({ tls });
    const url = `tls://127.0.0.1:${receiver.port}`;
    const sink = sinkOf(STREAM_SINK, url, { tls_ca: folder.at(file) });
    const result = await send(sink, batchOf(1));
    expect(result.kind).toBe("retry");
    expect(JSON.stringify(result)).toContain(text);
    expect(receiver.texts.join("")).toBe("");
    await sink.close();
  });

  test("an authority that nobody has named is not trusted", async () => {
    await using receiver = await LineReceiver.listen({ tls: LOCALHOST });
    const sink = sinkOf(STREAM_SINK, `tls://localhost:${receiver.port}`);
    expect(await send(sink, batchOf(1))).toMatchObject({ kind: "retry" });
    expect(receiver.texts.join("")).toBe("");
    await sink.close();
  });

  test("a port that says nothing of TLS: the handshake has a time of its own", async () => {
    await using receiver = await LineReceiver.listen({ onConnection: (socket) => socket.resume() });
    const url = `tls://127.0.0.1:${receiver.port}`;
    const sink = sinkOf(STREAM_SINK, url, { connect_timeout_ms: "200" });
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${sink.where} did not finish the TLS handshake in time; does that port speak TLS?`,
    });
    await sink.close();
  });

  test("a receiver that stops gets what it may have lost again", async () => {
    await using folder = await folderWithCa();
    const first = await LineReceiver.listen({ tls: LOCALHOST });
    const { port } = first;
    const sink = sinkOf(STREAM_SINK, `tls://127.0.0.1:${port}`, { tls_ca: folder.at("ca.pem") });
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    await first.received(1);
    await first[Symbol.asyncDispose]();
    await using second = await LineReceiver.listen({ port, tls: LOCALHOST });
    await second.received(1);
    await sink.close();
    expect(idsOf(second.lines)).toEqual(["id-1"]);
  });
});
