/** The feeds at which the log of a game arrives. */

import type { SettingsReader } from "../../../index.ts";
import type { Feed } from "../text-parts.ts";
import { HttpFeed, isLoopback, UdpFeed } from "../text-reading.ts";

const LOG_PORT = 28_015;
const ANY_PORT = 0;

/** The keys `log_host`, `log_port`, `log_from_port` and `log_secret`, and the game's `host`. */
export function readUdp(settings: SettingsReader): Feed {
  const gamePort = settings.port("log_from_port", ANY_PORT);
  return new UdpFeed({
    ...readListen(settings),
    gamePort: gamePort === ANY_PORT ? undefined : gamePort,
    secret: settings.optional("log_secret"),
  });
}

/** The keys `log_host`, `log_port` and `log_path`, and the game's `host`. */
export function readHttp(settings: SettingsReader): Feed {
  const path = settings.optional("log_path") ?? "/log";
  if (!/^\/[\w.~/-]{0,200}$/.test(path)) {
    settings.problem("log_path", "must begin with / and have letters, digits and . _ ~ / - only");
  }
  return new HttpFeed({ ...readListen(settings), path });
}

/** Where the log of a game elsewhere arrives cannot be guessed, and not everybody is to be let in. */
function readListen(settings: SettingsReader): {
  readonly host: string;
  readonly port: number;
  readonly gameHost: string;
} {
  const gameHost = settings.optional("host") ?? "127.0.0.1";
  const isHere = gameHost === "localhost" || isLoopback(gameHost);
  const host = isHere
    ? (settings.optional("log_host") ?? "127.0.0.1")
    : settings.required("log_host", "the address of this machine to which the game sends its log");
  return { host, port: settings.port("log_port", LOG_PORT), gameHost };
}
