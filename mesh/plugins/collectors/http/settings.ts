/** The keys of a collector whose `url` is `http://` or `https://`. */

import type { SettingsReader } from "../../../index.ts";
import type { SinkOptions } from "../sink.ts";
import { DiscordFormat } from "./discord-format.ts";
import type { Format } from "./format.ts";
import { readHeaderLines } from "./header-lines.ts";
import { InfluxFormat } from "./influx-format.ts";
import { JsonFormat, NdjsonFormat } from "./json-format.ts";
import { DISCORD_USERNAME_CHARS_MAX, HEADER_CHARS_MAX, SECRET_CHARS_MIN } from "./limits.ts";
import { LokiFormat } from "./loki-format.ts";
import { type AddressRules, Redactor, secretsOfAddress, shownAddress } from "./redactor.ts";
import { compileTemplate, Template } from "./template.ts";
import { TemplateFormat } from "./template-format.ts";

export interface HttpSettings extends AddressRules {
  /** Without user and password. */
  readonly url: URL;
  readonly where: string;
  readonly format: Format;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | undefined;
  /** The certificates that are trusted instead of the system's. */
  readonly caFile: string | undefined;
  readonly gzip: boolean;
  readonly redactor: Redactor;
}

const FORMATS = ["json", "ndjson", "discord", "loki", "influx"] as const;

const DISCORD_HOST = /(?:^|\.)discord(?:app)?\.com$/;

/** What is wrong stands in `settings.problems` afterwards. */
export function readHttpSettings({ url, settings }: SinkOptions): HttpSettings {
  if (url.port === "0") settings.problem("url", "must name a port from 1 to 65535, or none");
  const isDiscord = DISCORD_HOST.test(url.hostname);
  const format = readFormat(settings, isDiscord);
  const rules = { hidesPath: isDiscord || format instanceof DiscordFormat };
  const token = readToken(settings);
  const added = readHeaderLines(settings);
  const secret = readSecret(settings);
  const headers: Record<string, string> = {
    accept: "*/*",
    "accept-encoding": "identity",
    "user-agent": "ccp-mesh",
    ...Object.fromEntries(added),
    ...authorization({ url, format, token, added, settings }),
  };
  const secrets = [
    ...secretsOfAddress(url, rules),
    ...wordsOf([...added.values(), headers["authorization"] ?? ""]),
    token ?? "",
    secret ?? "",
  ];
  return {
    ...rules,
    url: requestAddress(url, format),
    where: shownAddress(url, rules),
    format,
    headers,
    secret,
    caFile: readCaFile(url, settings),
    gzip: !(format instanceof DiscordFormat) && settings.isOn("gzip", false),
    redactor: new Redactor(secrets),
  };
}

/** Discord's addresses take one format alone, and others take it as well. */
function readFormat(settings: SettingsReader, isDiscord: boolean): Format {
  const template = readTemplate(settings);
  if (template !== undefined) {
    // The template may be the one that is left out.
    settings.choice("format", FORMATS, "json");
    return template;
  }
  switch (settings.choice("format", FORMATS, isDiscord ? "discord" : "json")) {
    case "json":
      return new JsonFormat();
    case "ndjson":
      return new NdjsonFormat();
    case "discord":
      return new DiscordFormat(readUsername(settings));
    case "loki":
      return new LokiFormat();
    case "influx":
      return new InfluxFormat();
  }
}

function readTemplate(settings: SettingsReader): Format | undefined {
  const source = settings.written("template");
  if (source === undefined) return undefined;
  if (settings.has("format")) {
    settings.problem("template", "takes the place of format; leave one out");
  }
  const template = compileTemplate(source);
  if (template instanceof Template) return new TemplateFormat(template);
  settings.problem("template", template);
  return new JsonFormat();
}

function readUsername(settings: SettingsReader): string | undefined {
  const name = settings.optional("username");
  if (name === undefined || name.length <= DISCORD_USERNAME_CHARS_MAX) return name;
  settings.problem(
    "username",
    `has more than ${DISCORD_USERNAME_CHARS_MAX} characters; shorten it`,
  );
  return undefined;
}

function readToken(settings: SettingsReader): string | undefined {
  const token = settings.written("token");
  if (token === undefined) return undefined;
  if (token.length <= HEADER_CHARS_MAX && /^[\x21-\x7e]+$/.test(token)) return token;
  const must = `must be 1 to ${HEADER_CHARS_MAX} characters of ASCII without spaces`;
  settings.problem("token", `${must}; write it without Bearer, or use header[]`);
  return undefined;
}

function readSecret(settings: SettingsReader): string | undefined {
  const secret = settings.written("secret");
  if (secret !== undefined && secret.length < SECRET_CHARS_MIN) {
    settings.problem("secret", `must have at least ${SECRET_CHARS_MIN} characters`);
  }
  return secret;
}

function readCaFile({ protocol }: URL, settings: SettingsReader): string | undefined {
  const path = settings.optional("tls_ca");
  if (path === undefined) return undefined;
  if (protocol !== "https:") {
    settings.problem("tls_ca", "is for a url with TLS; it begins with https://");
  }
  return path;
}

interface Credentials {
  readonly url: URL;
  readonly format: Format;
  readonly token: string | undefined;
  readonly added: ReadonlyMap<string, string>;
  readonly settings: SettingsReader;
}

function authorization(credentials: Credentials): Readonly<Record<string, string>> {
  const { url, format, token, added, settings } = credentials;
  const isBasic = url.username !== "" || url.password !== "";
  const ways = [isBasic, token !== undefined, added.has("authorization")].filter(Boolean).length;
  if (ways > 1) {
    const all = "user and password in url, token, and header[] = Authorization";
    settings.problem(token === undefined ? "header" : "token", `is one too many of ${all}`);
  }
  if (token !== undefined) return { authorization: `${format.tokenScheme} ${token}` };
  if (!isBasic) return {};
  const pair = `${plainText(url.username)}:${plainText(url.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Whole, and without the scheme that stands before a credential. */
function wordsOf(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => [value, value.slice(value.indexOf(" ") + 1)]);
}

function plainText(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Without `wait`, Discord says that it took what it did not keep. */
function requestAddress(url: URL, format: Format): URL {
  const address = new URL(url.href);
  address.username = "";
  address.password = "";
  address.hash = "";
  if (format instanceof DiscordFormat && !address.searchParams.has("wait")) {
    address.searchParams.set("wait", "true");
  }
  return address;
}
