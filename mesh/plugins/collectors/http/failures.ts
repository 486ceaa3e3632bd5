/** Why there is no answer, and what to do. */

import { errorCode } from "../socket-trouble.ts";

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection: does the receiver run, and is the port right?",
  ENOTFOUND: "has no address: is the host right?",
  EAI_AGAIN: "has no address just now: does the name server answer?",
  EHOSTUNREACH: "cannot be reached from here",
  ENETUNREACH: "cannot be reached from here",
  ETIMEDOUT: "does not answer",
  TimeoutError: "did not answer in time: does the receiver hang, or is a firewall in between?",
  ECONNRESET:
    "closed the connection without a whole answer: is it HTTP that is spoken there, and with TLS or without as in url?",
};

const NO_HTTP = /HTTP|InvalidContentLength/;

const CERTIFICATE = /CERT|ISSUER|SIGNATURE/;

/** Never shows the message of the error, which may have the whole address in it. */
export function failureText(error: unknown, where: string): string {
  const code = codeOf(error);
  const advice = ADVICE[code];
  if (advice !== undefined) return `${where} ${advice}`;
  if (CERTIFICATE.test(code)) return `${where} ${certificateText(code)}`;
  if (NO_HTTP.test(code)) return `${where} answered what is no HTTP (${code}): is the port right?`;
  return `${where} could not be asked (${code})`;
}

function certificateText(code: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `has a certificate that has expired (${code})`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `has a certificate for another name (${code}): write the name that it is for into url`;
    default:
      return `has a certificate of nobody whom we trust (${code}): give the file of its authority in tls_ca`;
  }
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.name : "unknown");
}
