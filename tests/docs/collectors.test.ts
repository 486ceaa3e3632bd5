/** What the documents say of collectors and of durable messages agrees with the code. */

import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../mesh/config/config-error.ts";
import { readConfig } from "../../mesh/config/read-config.ts";
import { decodePublished, encodePublished } from "../../mesh/durable/entry.ts";
import { decode, encode, SettingsReader, type WrittenSettings } from "../../mesh/index.ts";
import { signatureHeaders } from "../../mesh/plugins/collectors/http/signature.ts";
import { checkCollector } from "../../mesh/plugins/collectors/plugin.ts";
import { SINK_KINDS } from "../../mesh/plugins/collectors/sink-kinds.ts";
import { DELIVERY_DEFAULTS, DELIVERY_RANGES } from "../../mesh/plugins/collectors/limits.ts";
import {
  QUEUE_AGE_DEFAULT_S,
  QUEUE_AGE_MAX_S,
  QUEUE_BYTES_DEFAULT,
  QUEUE_BYTES_MAX,
  QUEUE_BYTES_MIN,
} from "../../mesh/plugins/collectors/queue-limits.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PYTHON = Bun.which("python3");

/** No key is so called, or nearly. */
const NO_KEY = "0".repeat(24);

interface Section {
  readonly heading: string;
  readonly url: string;
  /** With all of them, every key of the scheme is asked for. */
  readonly variants: readonly WrittenSettings[];
}

const SECTIONS: Readonly<Record<string, Section>> = {
  http: {
    heading: "## HTTP and HTTPS",
    url: "http://127.0.0.1:1/",
    variants: [{}, { format: "discord" }, { template: "{type}" }],
  },
  ccp: { heading: "## CCP and CCPS", url: "ccp://127.0.0.1:1/events", variants: [{}] },
  tcp: { heading: "## TCP and TLS", url: "tcp://127.0.0.1:1", variants: [{}, { ack: "line" }] },
  syslog: { heading: "## Syslog", url: "syslog://127.0.0.1", variants: [{}] },
  file: { heading: "## File", url: "file:///events.ndjson", variants: [{}] },
};

function read(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}

/** The rest of the text from its heading on, up to the next one of that depth. */
function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no ${heading}`);
  const end = text.indexOf(`\n${heading.split(" ", 1)[0]} `, start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** The rows of its tables of keys, by key. */
function keyRows(text: string): ReadonlyMap<string, readonly string[]> {
  const tables = [...text.matchAll(/^\| key .*\n\| -.*\n((?:\|.*\n)+)/gm)];
  const rows = tables.flatMap(([, table = ""]) => table.trim().split("\n"));
  return new Map(
    rows.map((row) => {
      const [key = "", ...cells] = row.slice(1, -1).split("|");
      return [key.trim().replaceAll(/`|\[\]/g, ""), cells.map((cell) => cell.trim())];
    }),
  );
}

/** Which keys are asked for, as a refused one is told. */
function keysOf({ url, variants }: Section): ReadonlySet<string> {
  return new Set(variants.flatMap((variant) => keysAsked({ url, topics: "a", ...variant })));
}

function keysAsked(written: WrittenSettings): readonly string[] {
  const reader = new SettingsReader({ ...written, [NO_KEY]: "" });
  checkCollector("shop", "surf", reader);
  reader.refuseUnknown("the section");
  expect(reader.problems.map(({ key }) => key)).toEqual([NO_KEY]);
  const [, keys] = /; its keys are (.+)$/.exec(reader.problems[0]?.text ?? "") ?? [];
  if (keys === undefined) throw new Error("the keys are not told");
  return keys.split(", ");
}

async function blocksOf(path: string, language: string): Promise<readonly string[]> {
  const blocks = (await read(path)).matchAll(
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"),
  );
  return [...blocks].map(([, block = ""]) => block);
}

function numbersOf(cell: string | undefined): readonly number[] {
  return (cell ?? "").match(/\d[\d,]*/g)?.map((digits) => Number(digits.replaceAll(",", ""))) ?? [];
}

describe("docs/COLLECTORS.md", () => {
  test("has a section for every scheme", async () => {
    const text = await read("docs/COLLECTORS.md");
    for (const { schemes } of SINK_KINDS) {
      const known = Object.keys(SECTIONS).filter((scheme) => schemes.includes(scheme));
      expect(known).toHaveLength(1);
      for (const scheme of schemes) expect(text).toContain(`\`${scheme}://`);
    }
  });

  for (const [scheme, section] of Object.entries(SECTIONS)) {
    test(`lists every key of ${scheme}://, and no other`, async () => {
      const text = await read("docs/COLLECTORS.md");
      const common = keyRows(sectionOf(text, "## Keys of all collectors"));
      const own = keyRows(sectionOf(text, section.heading));
      const keys = keysOf(section);
      expect([...common.keys(), ...own.keys()].toSorted()).toEqual([...keys].toSorted());
    });
  }

  test("says the defaults and ranges of the common keys", async () => {
    const rows = keyRows(sectionOf(await read("docs/COLLECTORS.md"), "## Keys of all collectors"));
    const told = (key: string): unknown => {
      const [byDefault, range] = rows.get(key) ?? [];
      return [key, ...numbersOf(byDefault), ...numbersOf(range)];
    };
    for (const [name, { min, max }] of Object.entries(DELIVERY_RANGES)) {
      const key = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const byDefault = Object.entries(DELIVERY_DEFAULTS).find(([known]) => known === name)?.[1];
      expect(told(key)).toEqual([key, byDefault, min, max]);
    }
    const bytes = ["queue_bytes_max", QUEUE_BYTES_DEFAULT, QUEUE_BYTES_MIN, QUEUE_BYTES_MAX];
    expect(told("queue_bytes_max")).toEqual(bytes);
    const age = ["queue_age_max_s", QUEUE_AGE_DEFAULT_S, 1, QUEUE_AGE_MAX_S];
    expect(told("queue_age_max_s")).toEqual(age);
  });

  test("has the files of the example with rsyslog as they are", async () => {
    const section = sectionOf(await read("docs/COLLECTORS.md"), "## Syslog");
    expect(section).toContain(
      `\`\`\`text\n${await read("examples/rsyslog/ccp-mesh.conf")}\`\`\`\n`,
    );
    const inDocs = /\[collector:rsyslog\]\n(?:\w.*\n)+/.exec(section)?.[0] ?? "";
    const example = (await read("examples/rsyslog/collector.ini")).replaceAll(/^;.*\n/gm, "");
    expect(example.trim()).toBe(inDocs.trim());
  });

  test("has a signature to try", async () => {
    const section = sectionOf(await read("docs/COLLECTORS.md"), "### The signature");
    const [, secret = "", time = "", body = "", signature = ""] =
      /the secret `(.*?)`, the timestamp `(.*?)` and the body `(.*?)` make\s+`(.*?)`/s.exec(
        section,
      ) ?? [];
    expect(signatureHeaders(secret, Buffer.from(body), Number(time) * 1000)).toEqual({
      "x-ccp-timestamp": time,
      "x-ccp-signature": signature,
    });
  });

  test.skipIf(PYTHON === null)("checks signatures in Python as the node makes them", async () => {
    const [code = ""] = await blocksOf("docs/COLLECTORS.md", "python");
    const secret = "a-secret-of-the-two";
    const body = '[{"v":1}]';
    const made = signatureHeaders(secret, Buffer.from(body), Date.now());
    const headers = {
      "X-CCP-Timestamp": made["x-ccp-timestamp"],
      "X-CCP-Signature": made["x-ccp-signature"],
    };
    const calls = [
      [secret, headers, body],
      ["another", headers, body],
      [secret, {}, body],
    ];
    const program = `${code}\nimport json\nfor secret, headers, body in json.loads(${JSON.stringify(JSON.stringify(calls))}):\n    print(is_signed(secret, headers, body.encode()))\n`;
    const { stdout, stderr } = Bun.spawnSync([PYTHON ?? "python3", "-c", program]);
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe("True\nFalse\nFalse\n");
  });
});

describe("every [collector:NAME] in the documents is accepted:", () => {
  for (const page of ["docs/COLLECTORS.md", "docs/collectors/ccp.md"]) {
    test(page, async () => {
      const blocks = await blocksOf(page, "ini");
      expect(blocks.length).toBeGreaterThan(0);
      for (const block of [...blocks, await read("examples/rsyslog/collector.ini")]) {
        expect(block).toContain("[collector:");
        const config = await readConfig({ path: page, text: block, environment: {} });
        if (config instanceof ConfigError) throw config;
      }
    });
  }
});

describe("docs/PROTOCOL.md", () => {
  test("shows what is wanted, and an entry, as they travel", async () => {
    const section = sectionOf(await read("docs/PROTOCOL.md"), "# Durable messages");
    const [wanted, entry] = [...section.matchAll(/^```text\n(.*?)^```/gms)].map(([, block = ""]) =>
      Buffer.from(block.replaceAll(/ {3,}[["\d].*$/gm, "").replaceAll(/\s/g, ""), "hex"),
    );
    if (wanted === undefined || entry === undefined) throw new Error("there are no examples");
    expect(decode(wanted)).toEqual(["bans.>"]);
    const published = decodePublished(entry);
    expect(encodePublished(published).toString()).toBe(new Uint8Array(entry).toString());
    expect({ ...published, bytes: decode(published.bytes) }).toEqual({
      topic: "bans.added",
      kind: "value",
      at: 1_795_909_984_000,
      bytes: "Bob",
    });
    expect(encode("Bob").length).toBe(published.bytes.length);
  });
});
