/** Every wrong option of every scheme: told with its line, all at once, and without a secret. */

import { describe, expect, test } from "bun:test";
import { COLLECTORS_MAX } from "../../../../mesh/plugins/collectors/queue-limits.ts";
import { accepted, message } from "../../config/reading.ts";

const SECRET = "S3CRETvalue0123456789";

/** A line that is wrong, and what is told of it. */
type Wrong = readonly [line: string, told: RegExp];

const LIST = /takes one value; write it without \[\]$/;

/** Whatever cannot be read as a whole number within the range. */
function whole(key: string, min: number, max: number): readonly Wrong[] {
  const written = ["", "-1", "1.5", "1e3", "0x10", "all", '" 7"', "9".repeat(20), SECRET];
  const beyond = [...(min > 0 ? [min - 1] : []), max + 1].filter(Number.isSafeInteger);
  const told = new RegExp(`^${key} must be a whole number from ${min} to ${max}, not `);
  return [
    ...[...written, ...beyond.map(String)].map((value): Wrong => [`${key} = ${value}`, told]),
    [`${key}[] = ${max}`, LIST],
  ];
}

function choice(key: string, ...choices: readonly string[]): readonly Wrong[] {
  const written = ["", "ON", "nope", `${choices[0]}x`, choices.join(" "), SECRET];
  const told = new RegExp(`^${key} must be one of ${choices.join(", ")}, not `);
  return [
    ...written.map((value): Wrong => [`${key} = ${value}`, told]),
    [`${key}[] = ${choices[0]}`, LIST],
  ];
}

/** What belongs to other schemes, or to none. */
function unknown(...keys: readonly string[]): readonly Wrong[] {
  return keys.map((key): Wrong => [`${key} = ${SECRET}`, new RegExp(`^${key} is no key of `)]);
}

const COMMON: readonly Wrong[] = [
  ...whole("queue_bytes_max", 1024 * 1024, 64 * 1024 ** 3),
  ...whole("queue_age_max_s", 1, 365 * 24 * 3600),
  ...choice("when_full", "refuse", "drop_oldest"),
  ...whole("batch_events", 1, 4000),
  ...whole("batch_bytes", 1024, 8 * 1024 ** 2),
  ...whole("batch_ms", 0, 10_000),
  ...whole("concurrency", 1, 16),
  ...whole("timeout_ms", 100, 600_000),
  ...whole("retry_min_ms", 10, 3_600_000),
  ...whole("retry_max_ms", 10, 3_600_000),
  ...whole("tries_max", 1, 100),
  ["retry_max_ms = 100", /^retry_max_ms makes the longest wait, 100 ms, shorter than the first/],
  ["retry_min_ms = 3600000", /^retry_min_ms makes the longest wait, 60000 ms, shorter than/],
  ...unknown("password", "user", "retries", "topic"),
  [`sekret = ${SECRET}`, /^sekret is no key of .*(?:did you mean "secret"\?|its keys are)/],
  // The end of a secret that got lost.
  [`${SECRET}==`, /^a key, not shown as it may be a secret, is no key of /],
  [`Authorization: Bearer ${SECRET}==`, /^a key, not shown as it may be a secret, is no key of /],
];

const TCP: readonly Wrong[] = [
  ...whole("connect_timeout_ms", 100, 60_000),
  ["tls_ca[] = /etc/ca.pem", LIST],
  ...unknown("token", "secret", "header", "template", "gzip", "sync", "username"),
];

const HTTP: readonly Wrong[] = [
  ["template = no place", /^template says nothing of the event; known are /],
  ["template = {nothing}", /^template has an unknown \{nothing\}; known are /],
  ["template = {topic.x}", /^template has an unknown \{topic\.x\}; known are /],
  [`template = '{"a": {topic}'`, /^template looks like JSON and is none/],
  ["template =", /^template is empty: write what the body is to be, or leave it out$/],
  [
    `template = '{"a": 1{payload.n}}'`,
    /^template is JSON only with some values of \{payload\.n\}; put it in quotes, or part it/,
  ],
  [`template = '{"a": {id}, "b": -{payload.n}}'`, /^template is JSON only .* of \{payload\.n\};/],
  [`template = '{"a": {id}{payload}}'`, /^template looks like JSON and is none/],
  [`template = "{topic}\\u0007"`, /^template must be one line without control characters/],
  [`template = {topic}${"x".repeat(4096)}`, /^template has 4103 characters, more than 4096/],
  [`template = ${"{topic}".repeat(65)}`, /^template has more than 64 placeholders/],
  ["template[] = {topic}", LIST],
  ["token =", /^token must be 1 to 4096 characters of ASCII without spaces/],
  [`token = Bearer ${SECRET}`, /^token must be 1 to 4096 .*write it without Bearer/],
  [`token = ${SECRET.repeat(200)}`, /^token must be 1 to 4096 characters/],
  [`token[] = ${SECRET}`, LIST],
  ["secret =", /^secret must have at least 16 characters$/],
  ["secret = S3CRETS3CRET", /^secret must have at least 16 characters$/],
  [`secret[] = ${SECRET}`, LIST],
  [`header[] = ${SECRET}`, /^header line 1 must be as in Name: value$/],
  [`header = ${SECRET}`, /^header line 1 must be as in Name: value$/],
  ["header[] = X-Key:", /^header line 1 has no value for x-key$/],
  [`header[] = X Key: ${SECRET}`, /^header line 1 must be as in Name: value$/],
  [`header[] = "X-Key: ${SECRET}\\u0001"`, /^header line 1 has characters in x-key that/],
  [`header[] = X-Key: ${SECRET.repeat(200)}`, /^header line 1 has more than 4096 characters/],
  ["header[] = Host: x", /^header line 1 sets host, which the collector sets itself/],
  ["header[] = Content-Length: 7", /^header line 1 sets content-length, which the collector/],
  [
    `header[] = A: ${SECRET}\nheader[] = a: b`,
    /^header line 2 sets a a second time; leave one out$/,
  ],
  ["header[] = A: b\n".repeat(33).trim(), /^header has 33 lines, more than 32; leave some out$/],
  ["tls_ca[] = /etc/ca.pem", LIST],
  ...unknown("ack", "sync", "facility", "connect_timeout_ms", "resend_ms"),
];

interface Scheme {
  readonly good: string;
  /** Other urls, and what is told of each. */
  readonly urls: readonly (readonly [url: string, told: RegExp])[];
  readonly wrong: readonly Wrong[];
}

const NO_ADDRESS = /^url cannot be read as an address: check the host, and the port/;
const NO_PORT = /^url must name a port from 1 to 65535, as in host:6000$/;
const NO_USER = /^url must have no user and no password: /;
const NO_HOST = /^url must name a host: /;

function ofTcp(scheme: string, end: string, after: string): Scheme["urls"] {
  const secretEnd = new RegExp(`^url must end after ${after}$`);
  return [
    [`${scheme}://host:99999${end}`, NO_ADDRESS],
    [`${scheme}://:6000${end}`, NO_ADDRESS],
    [`${scheme}://[::1:6000${end}`, NO_ADDRESS],
    [`${scheme}://ho%20st:6000${end}`, NO_HOST],
    [`${scheme}://user:${SECRET}@host:6000${end}`, NO_USER],
    [`${scheme}://host:6000${end}?key=${SECRET}`, secretEnd],
  ];
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  http: {
    good: "http://host.example/events",
    urls: [
      ["http://", NO_ADDRESS],
      ["http://host:99999/", NO_ADDRESS],
      [`http://ho st/${SECRET}`, NO_ADDRESS],
      [`http://user:${SECRET}@host:0/`, /^url must name a port from 1 to 65535, or none$/],
    ],
    wrong: [
      ...HTTP,
      ...choice("format", "json", "ndjson", "discord", "loki", "influx"),
      ...choice("gzip", "on", "off"),
      ["tls_ca = /etc/ca.pem", /^tls_ca is for a url with TLS; it begins with https:\/\/$/],
      ["template = {topic}\nformat = json", /^template takes the place of format; leave one out$/],
      [
        `token = ${SECRET}\nheader[] = authorization: ${SECRET}`,
        /^token is one too many of user and password in url, token, and header\[\]/,
      ],
      ...unknown("username"),
    ],
  },
  discord: {
    good: `https://discord.com/api/webhooks/1/${SECRET}`,
    urls: [[`https://discord.com:x/api/webhooks/1/${SECRET}`, NO_ADDRESS]],
    wrong: [
      ...HTTP,
      [`username = ${"x".repeat(81)}`, /^username has more than 80 characters; shorten it$/],
      ["username[] = x", LIST],
      ...unknown("gzip"),
    ],
  },
  ccp: {
    good: "ccp://host:6000/events",
    urls: [
      ...ofTcp("ccp", "/events", "the plugin's name"),
      ["ccp://host/events", NO_PORT],
      ["ccp://host:6000", /^url must end with the plugin's name, as ccp:/],
      [`ccp://host:6000/${"x".repeat(256)}`, /^url must end with the plugin's name, as ccp:/],
      ["ccp://host:6000/%ff", /^url must end with the plugin's name, as ccp:/],
    ],
    wrong: [
      ...TCP,
      ...choice("format", "json", "msgpack"),
      ["tls_ca = /etc/ca.pem", /^tls_ca is for a url with TLS; it begins with ccps:\/\/$/],
      ...unknown("ack", "resend_ms", "framing"),
    ],
  },
  tcp: {
    good: "tcp://host:6000",
    urls: [
      ...ofTcp("tcp", "", "the port"),
      ["tcp://host", NO_PORT],
      ["tcp://host:0", NO_PORT],
      [`tcp://host:6000/${SECRET}`, /^url must end after the port$/],
    ],
    wrong: [
      ...TCP,
      ...choice("ack", "none", "line"),
      ...whole("resend_ms", 100, 600_000),
      ["ack = line\nresend_ms = 5000", /^resend_ms is for ack = none; /],
      ["tls_ca = /etc/ca.pem", /^tls_ca is for a url with TLS; it begins with tls:\/\/$/],
      ...unknown("format", "framing"),
    ],
  },
  tls: {
    good: "tls://host:6000",
    urls: [...ofTcp("tls", "", "the port"), ["tls://host", NO_PORT]],
    wrong: TCP,
  },
  syslog: {
    good: "syslog://host",
    urls: [...ofTcp("syslog", "", "the port"), ["syslog://", NO_HOST]],
    wrong: [
      ...TCP,
      ...whole("resend_ms", 100, 600_000),
      ...whole("enterprise_id", 1, 0xff_ff_ff_ff),
      ...whole("message_bytes_max", 2048, 1024 * 1024),
      ...choice("framing", "octet", "lf"),
      ["facility = local8", /^facility must be one of kern, user, .*did you mean local\d\?$/],
      ["facility = 24", /^facility must be one of kern, user, /],
      [`facility = ${SECRET}`, /^facility must be one of kern, user, .*, not what is written$/],
      ["facility[] = user", LIST],
      ["severity = loud", /^severity must be one of emerg, alert, /],
      ["severity = 8", /^severity must be one of emerg, alert, /],
      ["severity = notice, chat: loud", /^severity must be one of emerg, .* not "loud"/],
      [`severity = ${SECRET}`, /^severity must be one of emerg, alert, .*, not what is written$/],
      [`severity = ${"a.b: info,".repeat(1001)}`, /^severity has more than \d+ items$/],
      ["app_name = two words", /^app_name must be at most 48 letters, digits and signs of ASCII/],
      [`app_name = ${"x".repeat(49)}`, /^app_name must be at most 48 letters/],
      ["app_name = näme", /^app_name must be at most 48 letters/],
      ["app_name[] = x", LIST],
      ["tls_ca = /etc/ca.pem", /^tls_ca is for a url with TLS; it begins with syslog\+tls:\/\/$/],
      ...unknown("ack", "format"),
    ],
  },
  file: {
    good: "file:///var/log/events.ndjson",
    urls: [
      ["file://host/events", /^url must name a file of this machine with its whole path/],
      ["file:///var/log/", /^url must name a file of this machine with its whole path/],
      ["file:///var/%00", /^url must name a file of this machine with its whole path/],
      ["file:///var/%2fx", /^url must name a file of this machine with its whole path/],
      [`file:///var/x?${SECRET}`, /^url must name a file of this machine with its whole path/],
      ["file:events.ndjson", /^url must begin with one of /],
    ],
    wrong: [
      ...choice("sync", "on", "off"),
      ...whole("rotate_bytes", 0, Number.MAX_SAFE_INTEGER),
      ...whole("rotate_keep", 1, 1000),
      ...unknown("token", "secret", "format", "tls_ca", "connect_timeout_ms"),
    ],
  },
};

/** Of a section that begins in line 1: what is told of it, by line. */
async function told(section: string): Promise<string[]> {
  return (await message(section)).split("\n");
}

const PLACE = /^config\/node\.ini:(\d+): \[collector:c\] /;

describe.each(Object.entries(SCHEMES))("a collector to %s", (_name, { good, urls, wrong }) => {
  const head = `[collector:c]\nurl = ${good}\ntopics = game.>\n`;
  const lines = [...COMMON, ...wrong];

  test("takes what is right", async () => {
    await accepted(head);
  });

  test("is told of each wrong line where it stands, and no secret is shown", async () => {
    for (const [line, why] of lines) {
      const texts = await told(`${head}${line}\n`);
      expect({ line, texts: texts.length }).toEqual({ line, texts: 1 });
      const [text = ""] = texts;
      const at = Number(PLACE.exec(text)?.[1]);
      expect({ line, at: at >= 4 && at <= 4 + line.split("\n").length }).toEqual({
        line,
        at: true,
      });
      expect(text.replace(PLACE, "")).toMatch(why);
      expect(text).not.toContain("S3CRET");
      expect(text.length).toBeLessThan(500);
    }
  });

  test("is told of all of them at once", async () => {
    const keys = new Set<string>();
    const chosen = lines.filter(([line]) => {
      const key = /^[\w]+/.exec(line)?.[0] ?? "";
      const isAlone = !line.includes("\n") && !line.includes(SECRET) && !line.endsWith("= ");
      // A template takes the place of a format, with the keys that are a format's own.
      if (!isAlone || keys.has(key) || key === "template") return false;
      keys.add(key);
      return true;
    });
    const texts = await told(`${head}${chosen.map(([line]) => line).join("\n")}\n`);
    const places = texts.map((text) => Number(PLACE.exec(text)?.[1]));
    for (const [index] of chosen.entries()) expect(places).toContain(4 + index);
  });

  test("is told of an url that is wrong, which is not shown", async () => {
    for (const [url, why] of urls) {
      const section = `[collector:c]\nurl = ${url}\ntopics = game.>\n`;
      const texts = await told(section);
      expect(texts.some((text) => why.test(text.replace(PLACE, "")))).toBe(true);
      for (const text of texts) {
        expect(text).toMatch(/^config\/node\.ini:2: /);
        expect(text).not.toContain("S3CRET");
      }
    }
  });
});

test("a template and a format that is none are both told of", async () => {
  const head = "[collector:c]\nurl = http://host\ntopics = a\n";
  const texts = await told(`${head}template = {topic}\nformat = xml\n`);
  expect(texts).toEqual([
    "config/node.ini:4: [collector:c] template takes the place of format; leave one out",
    'config/node.ini:5: [collector:c] format must be one of json, ndjson, discord, loki, influx, not "xml"',
  ]);
});

describe("two collectors to files", () => {
  function both(one: string, other: string): string {
    return `[collector:a]\ntopics = a\nurl = ${one}\n[collector:b]\ntopics = a\nurl = ${other}\n`;
  }

  test.each([
    ["file:///f/x", "file:///f/x", "/f/x"],
    ["file:///f/x", "file:///f//./x", "/f/x"],
    ["file:///f/x", "file:///f/x.1", "/f/x.1"],
    ["file:///f/x\nrotate_keep = 7", "file:///f/x.7", "/f/x.7"],
    ["file:///f/x.2", "file:///f/x", "/f/x.2"],
    ["file:///f/x.2\nrotate_bytes = 0", "file:///f/x", "/f/x.2"],
  ])("must not share one, now or once it is rotated: %j and %j", async (one, other, file) => {
    const line = one.includes("\n") ? 7 : 6;
    expect(await told(both(one, other))).toEqual([
      `config/node.ini:${line}: [collector:b] url: ${file} is a file that [collector:a] writes, or makes when it rotates; give each its own`,
    ]);
  });

  test.each([
    ["file:///f/x", "file:///f/y"],
    ["file:///f/x", "file:///f/x.6"],
    ["file:///f/x\nrotate_bytes = 0", "file:///f/x.1"],
    ["file:///f/x", "file:///f/x.ndjson"],
  ])("may write beside each other: %j and %j", async (one, other) => {
    await accepted(both(one, other));
  });
});

describe("a collector to anywhere", () => {
  test.each([
    "",
    "host.example",
    "/var/log/x",
    "gopher://host",
    `htps://host/${SECRET}`,
    "http:host",
    SECRET,
    `javascript:${SECRET}`,
    "http//host",
    "//host/x",
  ])("must have an url with a known scheme, not %p", async (url) => {
    const texts = await told(`[collector:c]\nurl = ${url}\ntopics = a\nbatch_ms = none\n`);
    const why = url === "" ? /url is missing: where the events go/ : /url must begin with one of /;
    expect(texts[0]).toMatch(why);
    expect(texts[1]).toMatch(/^config\/node\.ini:4: \[collector:c\] batch_ms must be/);
    expect(texts.join("\n")).not.toContain("S3CRET");
  });

  test.each(["", "htps://host.example/x", "tcp://host:99999"])(
    "is told of keys that no kind has, though its url is %p",
    async (url) => {
      const known = [
        "template = {topic}\nformat = json\ntoken = a\nsecret = 0123456789abcdef\nheader[] = A: b",
        "gzip = on\nack = line\nresend_ms = 5000\nconnect_timeout_ms = 5000\ntls_ca = /ca.pem",
        "framing = lf\nfacility = user\nseverity = info\napp_name = x\nenterprise_id = 1",
        "message_bytes_max = 4000\nsync = on\nrotate_bytes = 1\nrotate_keep = 1",
      ].join("\n");
      const texts = await told(
        `[collector:c]\nurl = ${url}\ntopics = a\nsekret = ${SECRET}\n${known}\n`,
      );
      expect(texts.map((text) => PLACE.exec(text)?.[1])).toEqual(["2", "4"]);
      expect(texts[1]).toEndWith('sekret is no key of [collector:c]; did you mean "secret"?');
      const named = await told(`[collector:c]\nurl = ${url}\ntopics = a\nusername = x\n`);
      expect(named.length).toBe(1);
    },
  );

  test.each([
    ["topics =", /topics is missing: name topics or patterns/],
    ["", /topics is missing: name topics or patterns/],
    ["topics = , ,", /topics is missing: name topics or patterns/],
    ["topics = game..kill", /topics is mistaken: the pattern "game\.\.kill" has an empty token/],
    ["topics = a.>.b", /topics is mistaken: the pattern "a\.>\.b"/],
    ["topics = a b", /topics is mistaken: the pattern "a b" contains white space/],
    [`topics = ${"a.".repeat(200)}b`, /topics is mistaken: the pattern /],
    [`topics = ${"a,".repeat(101)}`, /topics names 101 patterns, more than 100/],
  ])("must have topics that are patterns: %p", async (line, why) => {
    const texts = await told(`[collector:c]\nurl = file:///x\n${line}\n`);
    expect(texts.length).toBe(1);
    expect(texts[0]).toMatch(why);
  });

  test.each(["a b", "a.b", "ä", "", " ", "x".repeat(65), "a/b"])(
    "has a name, not %p",
    async (name) => {
      const texts = await told(`[collector:${name}]\nurl = file:///x\ntopics = a\n`);
      expect(texts.length).toBe(1);
      expect(texts[0]).toContain(
        "a collector's name is 1 to 64 letters, digits, dashes or underscores",
      );
    },
  );

  test.each(["__proto__", "constructor", "toString"])("may be called %p", async (name) => {
    const { plugins } = await accepted(`[collector:${name}]\nurl = file:///x\ntopics = a\n`);
    expect(Object.keys(plugins.settings.get("collectors") ?? {})).toContain(`${name}.url`);
  });

  test("is one too many past the bound", async () => {
    const section = (at: number): string => `[collector:c${at}]\nurl = http://x\ntopics = a\n`;
    const all = Array.from({ length: COLLECTORS_MAX }, (_, at) => section(at)).join("");
    await accepted(all);
    const texts = await told(all + section(COLLECTORS_MAX));
    expect(texts).toEqual([
      `config/node.ini:${3 * COLLECTORS_MAX + 1}: the config has more than ${COLLECTORS_MAX} collectors; join some, or run another node`,
    ]);
  });
});
