/**
 * One request to the daemon and its answer, and what is said where there is none.
 */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { CliError, exitCodes } from "../errors.ts";
import { type Address, addressText } from "./address.ts";

/** Files of a TLS client: contents, PEM. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Connection {
  readonly address: Address;
  /** Read when the first request goes to a TCP address. */
  readonly tls: () => TlsFiles | Promise<TlsFiles>;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Resolves with the answer's head; its body is still to be read. */
export async function send(connection: Connection, sent: Sent): Promise<IncomingMessage> {
  const { method, path, signal } = sent;
  const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
  const headers = {
    ...(body !== undefined && {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    }),
    ...sent.headers,
  };
  const asked = await begin(connection, { method, path, headers, agent: false, ...(signal && { signal }) });
  return new Promise((resolve, reject) => {
    asked.on("response", resolve);
    asked.on("error", (error) => reject(explained(error, connection.address)));
    asked.end(body);
  });
}

async function begin({ address, tls }: Connection, options: RequestOptions): Promise<ClientRequest> {
  if (address.kind === "unix") return httpRequest({ ...options, socketPath: address.path });
  // Over the unix socket, which is what start-up time is measured by, none of this is loaded.
  const https = await import("node:https");
  return https.request({ ...options, host: address.host, port: address.port, ...(await tls()) });
}

/** The whole body. */
export async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const part of response) text += part;
  return text;
}

function explained(error: NodeJS.ErrnoException, address: Address): Error {
  const where = addressText(address);
  switch (error.code) {
    case "ENOENT":
      return noDaemon(`no daemon listens on ${where}: there is no such socket`, address, error);
    case "ECONNREFUSED":
      return noDaemon(`no daemon listens on ${where}: the connection was refused`, address, error);
    case "EACCES":
    case "EPERM":
      return new CliError(
        exitCodes.permission,
        `the socket ${where} is not for this user: be in its group (sudo usermod -aG causeway "$USER", then log in anew), or use sudo`,
        { cause: error },
      );
    case "ABORT_ERR":
      return error;
    case "ECONNRESET":
    case "EPIPE":
      return new CliError(exitCodes.unavailable, `the daemon on ${where} hung up: look into its log`, {
        cause: error,
      });
    default:
      return new CliError(exitCodes.unavailable, `${where} cannot be asked: ${error.message}`, {
        cause: error,
      });
  }
}

function noDaemon(message: string, address: Address, cause: Error): CliError {
  const mend =
    address.kind === "unix"
      ? "start one with: systemctl start causeway, or in the foreground with: causeway daemon"
      : "is it started there, with an address to listen on?";
  return new CliError(exitCodes.unavailable, `${message}; ${mend}`, { cause });
}
