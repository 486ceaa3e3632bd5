/** The schemes that `[collector:NAME] url` can have. */

import { CCP_SINK } from "./ccp/ccp-sink.ts";
import { FILE_SINK } from "./file/file-sink.ts";
import { HTTP_SINK } from "./http/http-sink.ts";
import type { SinkKind } from "./sink.ts";
import { STREAM_SINK } from "./stream/stream-sink.ts";
import { SYSLOG_SINK } from "./syslog/syslog-sink.ts";

export const SINK_KINDS: readonly SinkKind[] = [
  HTTP_SINK,
  CCP_SINK,
  STREAM_SINK,
  SYSLOG_SINK,
  FILE_SINK,
];
