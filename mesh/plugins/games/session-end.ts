import type { SessionEnd, SessionEndKind } from "./adapter.ts";

/** How the clients' errors are: their codes are named alike. */
interface ClientError {
  readonly code: string;
  readonly message: string;
}

/** Why a session is over whose client failed. */
export function sessionEndOf({ code, message }: ClientError, wasUp: boolean): SessionEnd {
  return { kind: kindOf(code, wasUp), text: message };
}

function kindOf(code: string, wasUp: boolean): SessionEndKind {
  switch (code) {
    case "connect_failed":
      return "unreachable";
    case "timeout":
      return wasUp ? "lost" : "unreachable";
    case "closed":
      return wasUp ? "lost" : "failed";
    case "wrong_password":
      return "wrong_password";
    default:
      return "failed";
  }
}
