import {
  addressText,
  DialError,
  type DialOptions,
  dialTcp,
  type TcpHandler,
} from "../tcp-connection.ts";
import { OpenttdError } from "./openttd-error.ts";

/** @throws {OpenttdError} `connect_failed`, `timeout`, `cancelled` */
export async function dial(options: DialOptions, handler: TcpHandler): Promise<void> {
  try {
    await dialTcp(options, handler);
  } catch (error) {
    throw error instanceof DialError ? connectError(options, error) : error;
  }
}

function connectError({ host, port, timeoutMs }: DialOptions, error: DialError): OpenttdError {
  const where = addressText(host, port);
  const { cause } = error;
  switch (error.code) {
    case "cancelled": {
      const text = `dialling the server at ${where} was cancelled`;
      return new OpenttdError("cancelled", text, { cause });
    }
    case "timeout": {
      const text = `the server at ${where} did not answer within ${timeoutMs} ms; is a firewall in between?`;
      return new OpenttdError("timeout", text);
    }
    case "refused": {
      const text = `${where} refused the connection; does the server run, with server_admin_port = ${port} in its openttd.cfg and an admin_password in its secrets.cfg?`;
      return new OpenttdError("connect_failed", text, { cause });
    }
    case "failed": {
      const text = `cannot connect to ${where} (${error.message}); check host and port`;
      return new OpenttdError("connect_failed", text, { cause });
    }
  }
}
