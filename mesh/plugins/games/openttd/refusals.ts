/** Why a server does not let the client in, or throws it out, in words for the person who can mend it. */

import { OpenttdError } from "./openttd-error.ts";
import { GameError, ServerPacket } from "./packet-types.ts";

/** What the server sends before it closes because of something. */
export function refusal(where: string, type: number, errorCode: number): OpenttdError {
  if (type === ServerPacket.full) {
    return refused(
      `the server at ${where} has as many admin connections as it takes; close another`,
    );
  }
  if (type === ServerPacket.banned) {
    return refused(`the server at ${where} bans this address; take it off the ban list there`);
  }
  switch (errorCode) {
    case GameError.wrongPassword:
      return wrongPassword(where);
    case GameError.notAuthorized:
    case GameError.noAuthenticationMethod:
      return refused(
        `the server at ${where} takes no admin password in clear; set allow_insecure_admin_login = true in its openttd.cfg, and let nobody else reach the port`,
      );
    case GameError.full:
      return refused(`the server at ${where} is full`);
    case GameError.notOnAllowList:
      return refused(
        `the server at ${where} does not allow this address; add it to the list there`,
      );
    case GameError.kicked:
      return refused(`the server at ${where} kicked this client`);
    default:
      return new OpenttdError(
        "protocol_error",
        `the server at ${where} ended the connection with error ${errorCode} of the game; is it OpenTTD 1.4 or later?`,
      );
  }
}

/** Servers that know a wrong password at once close without a word. */
export function closedAtJoin(where: string, cause?: unknown): OpenttdError {
  return new OpenttdError(
    "wrong_password",
    `the server at ${where} closed the connection when it got the password; compare it with admin_password in its secrets.cfg or, where there is none, openttd.cfg`,
    { cause },
  );
}

function wrongPassword(where: string): OpenttdError {
  return new OpenttdError(
    "wrong_password",
    `the server at ${where} refused the password; compare it with admin_password in its secrets.cfg or, where there is none, openttd.cfg`,
  );
}

function refused(text: string): OpenttdError {
  return new OpenttdError("login_refused", text);
}
