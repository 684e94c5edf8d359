/**
 * One request to the daemon and its answer, and what is said where there is none.
 */
import { connect, type Socket } from "node:net";
import { CliError, exitCodes } from "../errors.ts";
import { type Address, addressText } from "./address.ts";
import { type Response, readResponse, requestText, WireError } from "./wire.ts";

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

/**
 * Resolves with the answer's head; its body is still to be read.
 *
 * @throws CliError where nothing answers, or what answers is no daemon
 */
export async function send(connection: Connection, sent: Sent): Promise<Response> {
  const { method, path, signal } = sent;
  const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), ...sent.headers };
  try {
    const socket = await open(connection, signal);
    socket.write(requestText(method, path, headers, body));
    return await readResponse(socket);
  } catch (error) {
    throw explained(error, connection.address);
  }
}

/** The whole body. */
export async function textOf({ body }: Response): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function open({ address, tls }: Connection, signal: AbortSignal | undefined): Promise<Socket> {
  const socket =
    address.kind === "unix" ? connect({ path: address.path }) : await openTls(address, await tls());
  signal?.addEventListener("abort", () => socket.destroy(), { once: true });
  const ready = address.kind === "unix" ? "connect" : "secureConnect";
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new WireError("the connection was closed")));
    socket.once(ready, () => resolve(socket));
  });
}

async function openTls({ host, port }: Address & { readonly kind: "tls" }, files: TlsFiles): Promise<Socket> {
  // Over the unix socket, which is what start-up is measured by, this is not loaded.
  const { connect } = await import("node:tls");
  return connect({ host, port, ...files, servername: /^[\d.]+$|:/.test(host) ? "" : host });
}

function explained(error: unknown, address: Address): Error {
  if (error instanceof CliError) return error;
  const where = addressText(address);
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
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
    default:
      return new CliError(
        exitCodes.unavailable,
        `the daemon on ${where} gave no answer: ${message}; its log may say more`,
        { cause: error },
      );
  }
}

function noDaemon(message: string, address: Address, cause: unknown): CliError {
  const mend =
    address.kind === "unix"
      ? "start one with: systemctl start causeway, or in the foreground with: causeway daemon"
      : "is it started there, with an address to listen on?";
  return new CliError(exitCodes.unavailable, `${message}; ${mend}`, { cause });
}
