/** `syslog://host:port` and `syslog+tls://host:port`: each event a message of RFC 5424, over TCP. */

import type { SettingsReader } from "../../../index.ts";
import { readTrustingSender } from "../read-sender.ts";
import type { Sink, SinkKind, SinkOptions } from "../sink.ts";
import { SocketSink } from "../socket-sink.ts";
import { readTcpTarget } from "../tcp-target.ts";
import { FRAMINGS, framed } from "./framing.ts";
import {
  APP_NAME_CHARS_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGE_BYTES_MIN,
  MESSAGE_BYTES_MOST,
} from "./limits.ts";
import { headerField, type MessageFormat, syslogMessage } from "./message.ts";
import { readFacility, readSeverities } from "./priority.ts";

export const SYSLOG_SINK: SinkKind = {
  schemes: ["syslog", "syslog+tls"],
  examples: ["syslog+tls://host"],
  create: createSyslog,
};

/** As the RFCs have them: 6587 for TCP, which many give the port of UDP, and 5425 for TLS. */
const PORT = 514;
const TLS_PORT = 6514;

/** Set aside for examples in documents. An organisation with a number of its own sets that. */
const DOCUMENTATION_ENTERPRISE = 32_473;
const ENTERPRISE_RANGE = { min: 1, max: 0xff_ff_ff_ff };

function createSyslog(options: SinkOptions): Sink {
  const { url, settings } = options;
  const tlsScheme = "syslog+tls";
  const port = url.protocol === `${tlsScheme}:` ? TLS_PORT : PORT;
  const target = readTcpTarget(url, settings, { tlsScheme, port });
  const framing = settings.choice("framing", FRAMINGS, "octet");
  const format = readFormat(settings);
  return new SocketSink({
    target,
    sender: readTrustingSender(target, options, framing),
    encode: ({ events }) =>
      framed(
        events.map((event) => syslogMessage(event, format)),
        framing,
      ),
  });
}

function readFormat(settings: SettingsReader): MessageFormat {
  const messageRange = { min: MESSAGE_BYTES_MIN, max: MESSAGE_BYTES_MOST };
  return {
    facility: readFacility(settings),
    severities: readSeverities(settings),
    appName: readAppName(settings),
    enterpriseId: settings.whole("enterprise_id", DOCUMENTATION_ENTERPRISE, ENTERPRISE_RANGE),
    messageBytesMax: settings.whole("message_bytes_max", MESSAGE_BYTES_MAX, messageRange),
  };
}

function readAppName(settings: SettingsReader): string {
  const name = settings.optional("app_name") ?? "ccp-mesh";
  if (headerField(name, APP_NAME_CHARS_MAX) !== name) {
    const text = `must be at most ${APP_NAME_CHARS_MAX} letters, digits and signs of ASCII, without spaces`;
    settings.problem("app_name", text);
  }
  return name;
}
