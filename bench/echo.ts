/** The servers that answer each message with the same bytes. */

import { serveBare } from "./bare-sockets.ts";
import { PLUGIN, serveCcp } from "./ccp-endpoint.ts";
import type { Service } from "./measure.ts";

export function serveCcpEcho(): Promise<Service> {
  return serveCcp((endpoint) => endpoint.onRequest(PLUGIN, (_address, data) => data));
}

export function serveBareEcho(): Service {
  return serveBare((writer) => ({
    onFrame: (chunk, start, end) => writer.pushPart(chunk, start, end),
    onChunkEnd: () => writer.flush(),
  }));
}
