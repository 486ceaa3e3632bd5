import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import type { SendResult } from "../../../../../mesh/plugins/collectors/sink.ts";
import { HttpReceiver, RawReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { batchOf, eventOf, readSink, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { CA, ELSEWHERE, LOCALHOST, SELF_SIGNED } from "../../../../helpers/tls.ts";

/** What is said of a batch that was not delivered. */
function textOf(result: SendResult): string {
  if (result.kind === "delivered") throw new Error("it was delivered");
  return result.text;
}

async function sentTo(url: string, written = {}): Promise<SendResult> {
  return await send(sinkOf(HTTP_SINK, url, written), batchOf(1));
}

describe("a request", () => {
  test("has the batch, its key and its type, and comes on the same connection as the last", async () => {
    await using receiver = new HttpReceiver();
    const sink = sinkOf(HTTP_SINK, `${receiver.url}/events?tenant=7`);
    expect(await send(sink, batchOf(1, 2))).toEqual({ kind: "delivered" });
    expect(await send(sink, batchOf(3))).toEqual({ kind: "delivered" });
    const [first, second] = receiver.requests;
    expect(first?.method).toBe("POST");
    expect(first?.path).toBe("/events?tenant=7");
    expect(first?.headers.get("content-type")).toBe("application/json");
    expect(first?.headers.get("idempotency-key")).toBe("1-2");
    expect(first?.headers.get("user-agent")).toBe("ccp-mesh");
    expect(JSON.parse(first?.body ?? "")).toEqual([eventOf(1).envelope, eventOf(2).envelope]);
    expect(JSON.parse(second?.body ?? "")).toEqual([eventOf(3).envelope]);
    expect(second?.port).toBe(first?.port ?? 0);
  });

  test("has a key that fits into a header, whatever names are in it", async () => {
    await using receiver = new HttpReceiver();
    const sink = sinkOf(HTTP_SINK, receiver.url);
    await send(sink, { ...batchOf(1), key: "Büro 1:wéb\n\ud800:1-1:1" });
    expect(receiver.last.headers.get("idempotency-key")).toBe(
      "B%C3%BCro%201:w%C3%A9b%0A%EF%BF%BD:1-1:1",
    );
  });

  test("is not made of what cannot be written, which is refused", async () => {
    await using receiver = new HttpReceiver();
    // Stands for more levels than there is room for.
    const deep = [1n];
    const { seq, envelope, json } = eventOf(1);
    const event = { seq, envelope: { ...envelope, type: "shop.sale", payload: { deep } }, json };
    for (const written of [
      { format: "influx" },
      { format: "discord" },
      { template: "{payload}" },
    ]) {
      const result = await send(sinkOf(HTTP_SINK, receiver.url, written), {
        key: "k",
        events: [event],
      });
      expect(textOf(result)).toBe("an event cannot be written in this format");
      expect(result.kind).toBe("refused");
    }
    expect(receiver.requests.length).toBe(0);
  });

  test("is signed so that whoever has the secret can check it", async () => {
    await using receiver = new HttpReceiver();
    const secret = "sixteen-letters-or-more";
    for (const gzip of ["off", "on"]) {
      const sink = sinkOf(HTTP_SINK, receiver.url, { secret, gzip });
      const event = eventOf(1, { payload: { text: "ä".repeat(2000) } });
      await send(sink, { key: "k", events: [event] });
      const { headers, body } = receiver.last;
      const timestamp = headers.get("x-ccp-timestamp") ?? "";
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(30);
      const hex = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
      expect(headers.get("x-ccp-signature")).toBe(`sha256=${hex}`);
    }
  });

  test("is compressed where it is worth it", async () => {
    await using receiver = new HttpReceiver();
    const sink = sinkOf(HTTP_SINK, receiver.url, { gzip: "on" });
    await send(sink, batchOf(1));
    expect(receiver.last.headers.has("content-encoding")).toBe(false);
    const many = Array.from({ length: 100 }, (_, index) => index + 1);
    await send(sink, batchOf(...many));
    expect(receiver.last.headers.get("content-encoding")).toBe("gzip");
    expect(receiver.last.bytes).toBeLessThan(receiver.last.body.length / 5);
    expect(JSON.parse(receiver.last.body)).toEqual(batchOf(...many).events.map((e) => e.envelope));
  });

  test("has the headers of the config, and who we are", async () => {
    await using receiver = new HttpReceiver();
    const lines = ["X-Tenant: 7, or 8", "Content-Type: application/cloudevents-batch+json"];
    await sentTo(receiver.url, { header: lines, token: "t0ken" });
    expect(receiver.last.headers.get("x-tenant")).toBe("7, or 8");
    expect(receiver.last.headers.get("content-type")).toBe("application/cloudevents-batch+json");
    expect(receiver.last.headers.get("authorization")).toBe("Bearer t0ken");
  });

  test("has user and password from the address in a header alone", async () => {
    await using receiver = new HttpReceiver();
    const sink = sinkOf(HTTP_SINK, `http://us%65r:p%C3%A4ss%3Aword@${receiver.host}/x`);
    expect(sink.where).toBe(`http://${receiver.host}/x`);
    await send(sink, batchOf(1));
    const basic = receiver.last.headers.get("authorization")?.replace("Basic ", "") ?? "";
    expect(Buffer.from(basic, "base64").toString()).toBe("user:päss:word");
  });
});

describe("an answer", () => {
  async function answered(response: Response, written = {}): Promise<SendResult> {
    await using receiver = new HttpReceiver();
    receiver.answers(response);
    const result = await sentTo(`${receiver.url}/in`, written);
    if (result.kind === "delivered") return result;
    return { ...result, text: result.text.replace(receiver.host, "HOST") };
  }

  test.each([200, 201, 202, 204, 299])("of %d is a success", async (status) => {
    const body = status === 204 ? null : "thanks";
    expect(await answered(new Response(body, { status }))).toEqual({ kind: "delivered" });
  });

  test.each([
    [
      400,
      'http://HOST/in answered 400, saying "no"; it takes no such events: is format what it expects?',
    ],
    [
      413,
      'http://HOST/in answered 413, saying "no"; it takes no such long request: set a smaller batch_bytes or batch_events',
    ],
    [
      415,
      'http://HOST/in answered 415, saying "no"; it takes no such events: is format what it expects?',
    ],
    [
      422,
      'http://HOST/in answered 422, saying "no"; it takes no such events: is format what it expects?',
    ],
  ])("of %d refuses the events", async (status, text) => {
    expect(await answered(new Response("no", { status }))).toEqual({ kind: "refused", text });
  });

  test.each([
    [401, "; it does not know us: check token, user and password in url, and header[]"],
    [403, "; it does not know us: check token, user and password in url, and header[]"],
    [404, "; check the path of url"],
    [405, "; check the path of url"],
    [410, "; check the path of url"],
    [402, "; check url and what stands before the receiver"],
    [408, ""],
    [429, "; we send too much: the rest waits"],
    [500, ""],
    [502, ""],
    [503, ""],
    [301, "; it has moved, and does not say where to"],
    [304, "; it has moved, and does not say where to"],
  ])("of %d is one to try again", async (status, advice) => {
    const text = `http://HOST/in answered ${status}${advice}`;
    expect(await answered(new Response(null, { status }))).toEqual({ kind: "retry", text });
  });

  test("that says when to come again is heard, in seconds and as a date", async () => {
    const after = async (status: number, value: string): Promise<number | undefined> => {
      const result = await answered(
        new Response("", { status, headers: { "retry-after": value } }),
      );
      return result.kind === "retry" ? result.afterMs : undefined;
    };
    expect(await after(429, "7")).toBe(7000);
    expect(await after(503, "0.25")).toBe(250);
    const date = await after(503, new Date(Date.now() + 60_000).toUTCString());
    expect(date).toBeGreaterThan(57_000);
    expect(date).toBeLessThanOrEqual(60_000);
    expect(await after(503, new Date(0).toUTCString())).toBe(0);
    for (const nonsense of ["soon", "-1", "1e9", "Mon", "2", ""]) {
      expect(await after(503, nonsense)).toBe(nonsense === "2" ? 2000 : undefined);
    }
  });

  test("that names another address is not followed", async () => {
    await using receiver = new HttpReceiver();
    await using elsewhere = new HttpReceiver();
    const location = `${elsewhere.url}/new/abcdefgh12345678?key=hidden`;
    receiver.answers(new Response(null, { status: 308, headers: { location } }));
    const text = textOf(await sentTo(receiver.url));
    expect(text).toBe(
      `${receiver.url} answered 308; it has moved to ${elsewhere.url}/new/…; write the new address into url`,
    );
    expect(elsewhere.requests.length).toBe(0);
  });

  test("is shown in part, in one line, and without any secret", async () => {
    const secret = "signing-secret-of-ours";
    const body = `bad\u0000 \u202etoken t0ken-of-ours\n${secret} ${"x".repeat(500)}`;
    const written = { token: "t0ken-of-ours", secret, header: "X-Key: key-of-ours" };
    const text = textOf(await answered(new Response(body, { status: 500 }), written));
    expect(text).toStartWith('http://HOST/in answered 500, saying "bad   token … … xxx');
    expect(text.length).toBeLessThan(300);
    const echo = new Response("key-of-ours is wrong", { status: 401 });
    expect(textOf(await answered(echo, written))).toContain('saying "… is wrong"');
  });

  test("never tells what is secret in the address", async () => {
    await using receiver = new HttpReceiver();
    const path = "/services/T0001/AbCdEfGhIjKlMnOpQrStUvWx";
    const url = `http://alice:p4ssword@${receiver.host}${path}?key=k3y-of-ours#part`;
    const sink = sinkOf(HTTP_SINK, url);
    expect(sink.where).toBe(`http://${receiver.host}/services/T0001/…`);
    receiver.answers(new Response(`no ${url} alice p4ssword k3y-of-ours`, { status: 400 }));
    const text = textOf(await send(sink, batchOf(1)));
    for (const part of ["alice", "p4ssword", "k3y-of-ours", "AbCdEf"]) {
      expect(text).not.toContain(part);
    }
    expect(receiver.last.path).toBe(`${path}?key=k3y-of-ours`);
  });
});

describe("a receiver", () => {
  test("that is not there is one to try again", async () => {
    const gone = new HttpReceiver();
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    expect(await sentTo(url)).toEqual({
      kind: "retry",
      text: `${url} refused the connection: does the receiver run, and is the port right?`,
    });
  });

  test("that hangs up before an answer, or speaks no HTTP, is told of, not with the address", async () => {
    const closed = "closed the connection without a whole answer";
    for (const [answer, text] of [
      ["", closed],
      ["HTTP/1.1 200", closed],
      ["220 smtp.example ESMTP\r\n\r\n", "answered what is no HTTP (Malformed_HTTP_Response)"],
      ["HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "answered what is no HTTP (Invalid"],
    ] as const) {
      using receiver = new RawReceiver(answer);
      const told = textOf(await sentTo(`${receiver.url}/in?key=hidden`));
      expect(told).toStartWith(`${receiver.url}/in ${text}`);
      expect(told).not.toContain("hidden");
    }
  });

  test("that says success and breaks off has taken the events", async () => {
    for (const after of ["close", "reset"] as const) {
      using receiver = new RawReceiver("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", after);
      expect(await sentTo(receiver.url)).toEqual({ kind: "delivered" });
    }
  });

  test("that says failure and breaks off has said it", async () => {
    using receiver = new RawReceiver("HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nhalf", "reset");
    expect(textOf(await sentTo(receiver.url))).toContain("answered 500");
  });

  test("that never answers is given up with the signal", async () => {
    using receiver = new RawReceiver([], "stay");
    const controller = new AbortController();
    const sink = sinkOf(HTTP_SINK, receiver.url);
    const result = sink.send(batchOf(1), controller.signal);
    setTimeout(() => controller.abort(), 50);
    expect((await result).kind).toBe("retry");
  });

  test("whose answer never ends is read no further than needed", async () => {
    await using receiver = new HttpReceiver();
    let chunks = 0;
    const endless = (status: number) => (): Response =>
      new Response(
        new ReadableStream({
          pull(controller) {
            chunks += 1;
            controller.enqueue(new Uint8Array(16 * 1024).fill(120));
          },
        }),
        { status },
      );
    receiver.answers(endless(200), endless(500));
    const sink = sinkOf(HTTP_SINK, receiver.url);
    expect(await send(sink, batchOf(1))).toEqual({ kind: "delivered" });
    expect(textOf(await send(sink, batchOf(1)))).toContain('saying "xxxx');
    expect(chunks).toBeLessThan(2000);
    expect(await send(sink, batchOf(1))).toEqual({ kind: "delivered" });
  });

  test("whose answer trickles is not waited for", async () => {
    await using receiver = new HttpReceiver();
    receiver.answers(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode("tha"));
            },
          }),
        ),
    );
    const startMs = performance.now();
    expect(await sentTo(receiver.url)).toEqual({ kind: "delivered" });
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  test("gets a batch again after any of it, from the same sink", async () => {
    await using receiver = new HttpReceiver();
    receiver.answers(new Response("", { status: 500 }), new Response("", { status: 503 }));
    const sink = sinkOf(HTTP_SINK, receiver.url);
    const kinds = [];
    for (let tries = 0; tries < 3; tries += 1) kinds.push((await send(sink, batchOf(1))).kind);
    expect(kinds).toEqual(["retry", "retry", "delivered"]);
    expect(
      new Set(receiver.requests.map(({ headers }) => headers.get("idempotency-key"))).size,
    ).toBe(1);
  });
});

describe("with TLS", () => {
  test("a certificate of the authority that the config names is trusted", async () => {
    await using folder = await TempFolder.create({ "ca.pem": CA });
    await using receiver = new HttpReceiver(LOCALHOST);
    const sink = sinkOf(HTTP_SINK, receiver.url, { tls_ca: folder.at("ca.pem") });
    expect(await send(sink, batchOf(1))).toEqual({ kind: "delivered" });
    expect(await send(sink, batchOf(2))).toEqual({ kind: "delivered" });
    expect(receiver.requests[1]?.port).toBe(receiver.requests[0]?.port ?? 0);
  });

  test("nobody else's is, and nothing is sent", async () => {
    await using folder = await TempFolder.create({ "ca.pem": CA });
    for (const identity of [LOCALHOST, SELF_SIGNED]) {
      await using receiver = new HttpReceiver(identity);
      const text = textOf(await sentTo(receiver.url));
      expect(text).toStartWith(`${receiver.url} has a certificate of nobody whom we trust (`);
      expect(text).toEndWith("): give the file of its authority in tls_ca");
      expect(receiver.requests.length).toBe(0);
    }
    await using receiver = new HttpReceiver(ELSEWHERE);
    const text = textOf(await sentTo(receiver.url, { tls_ca: folder.at("ca.pem") }));
    expect(text).toContain("has a certificate for another name (ERR_TLS_CERT_ALTNAME_INVALID)");
    expect(receiver.requests.length).toBe(0);
  });

  test("a file that is not there, or is no certificate, is told of, and read again", async () => {
    await using folder = await TempFolder.create();
    await using receiver = new HttpReceiver(LOCALHOST);
    const path = folder.at("ca.pem");
    const sink = sinkOf(HTTP_SINK, receiver.url, { tls_ca: path });
    expect(textOf(await send(sink, batchOf(1)))).toBe(
      `tls_ca: ${path} cannot be read (ENOENT); check the path, and that the node's user may read it`,
    );
    await folder.write("ca.pem", "none");
    expect(textOf(await send(sink, batchOf(1)))).toBe(
      `tls_ca: ${path} has no certificate in it; it must be a PEM file`,
    );
    await folder.write("ca.pem", CA);
    expect(await send(sink, batchOf(1))).toEqual({ kind: "delivered" });
  });
});

describe("the section", () => {
  function problems(url: string, written = {}): readonly string[] {
    return readSink(HTTP_SINK, url, written).problems;
  }

  test("needs a url alone", () => {
    expect(problems("http://127.0.0.1:1/")).toEqual([]);
  });

  test("is told all that is wrong with it, without its secrets", () => {
    const written = {
      format: "jsonl",
      secret: "short-secret",
      token: "two words",
      tls_ca: "ca.pem",
      gzip: "yes",
      header: ["no colon", "X-A: caf\u00e9", "Host: x", "X-B: 1", "x-b: 2", "X-C:"],
      colour: "red",
    };
    const told = problems("http://127.0.0.1:1/", written);
    expect(told).toEqual([
      'format must be one of json, ndjson, discord, loki, influx, not "jsonl"; did you mean json?',
      "token must be 1 to 4096 characters of ASCII without spaces; write it without Bearer, or use header[]",
      "header line 1 must be as in Name: value",
      "header line 2 has characters in x-a that a header cannot have",
      "header line 3 sets host, which the collector sets itself; leave it out",
      "header line 5 sets x-b a second time; leave one out",
      "header line 6 has no value for x-c",
      "secret must have at least 16 characters",
      "tls_ca is for a url with TLS; it begins with https://",
      'gzip must be one of on, off, not "yes"',
      "colour is no key of [collector:logs]; its keys are format, gzip, header, secret, template, tls_ca, token",
    ]);
  });

  test("says who we are in one way", () => {
    const one = "is one too many of user and password in url, token, and header[] = Authorization";
    expect(problems("http://u:p@127.0.0.1:1/", { token: "t" })).toEqual([`token ${one}`]);
    expect(problems("http://u:p@127.0.0.1:1/", { header: "Authorization: x" })).toEqual([
      `header ${one}`,
    ]);
  });
});
