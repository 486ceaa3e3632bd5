import { CcpError, errorText } from "../../../index.ts";

/** Why a batch could not be brought to the application; the library speaks of an address, and of any endpoint. */
export function failureText(error: unknown, where: string): string {
  if (!(error instanceof CcpError)) return errorText(error);
  if (error.code === "connection_refused") {
    return `${where} refused the connection; is the application running, and its endpoint on that port?`;
  }
  const { host } = new URL(where);
  if (!error.message.includes(host)) return `${where}: ${error.message}`;
  return error.message.replace(host, () => where);
}
