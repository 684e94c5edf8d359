/**
 * Connections: who is at the other end of each, how many there are, and what is said to who does not speak HTTP.
 */
import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { files, peerCredentials } from "@causeway/kernel";
import type { Limits } from "../config/index.ts";
import type { Caller } from "./caller.ts";

const unknownCaller: Caller = { text: "somebody unknown", uid: undefined, pid: undefined, trusted: false };

export class Connections {
  readonly #limits: Limits;
  readonly #callers = new WeakMap<Socket, Caller>();
  /** Beyond the limit: each is told so when it asks. */
  readonly #surplus = new WeakSet<Socket>();
  #open = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param identify who is at the other end */
  watch(
    server: HttpServer,
    event: "connection" | "secureConnection",
    identify: (socket: Socket) => Caller,
  ): void {
    server.maxConnections = Math.ceil(this.#limits.connections * 1.25);
    server.on(event, (socket: Socket) => {
      if (++this.#open > this.#limits.connections) this.#surplus.add(socket);
      socket.once("close", () => this.#open--);
      this.#callers.set(socket, identify(socket));
    });
    server.on("clientError", answerNonsense);
  }

  callerOf(socket: Socket): Caller {
    return this.#callers.get(socket) ?? unknownCaller;
  }

  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket);
  }
}

/** @param trustGroup whoever may use the socket is trusted */
export function unixCaller(socket: Socket, trustGroup: boolean): Caller {
  try {
    const { uid, pid } = peerCredentials(descriptorOf(socket));
    // The name is looked up when it is asked for, which most requests do not.
    let name: string | undefined;
    return {
      uid,
      pid,
      trusted: uid === 0 || trustGroup,
      get text() {
        name ??= nameOf(pid);
        return `uid ${uid}, pid ${pid}${name}`;
      },
    };
  } catch {
    // It has hung up already.
    return unknownCaller;
  }
}

export function tlsCaller(socket: Socket, trusted: boolean): Caller {
  const { subject } = (socket as TLSSocket).getPeerCertificate();
  const name = String(subject?.CN ?? "without a name");
  return {
    text: `certificate "${name}" from ${socket.remoteAddress}`,
    uid: undefined,
    pid: undefined,
    trusted,
  };
}

function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

function nameOf(pid: number): string {
  try {
    return ` (${files.readFileSync(`/proc/${pid}/comm`, "utf8").trim()})`;
  } catch {
    return "";
  }
}

const statusTexts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

function answerNonsense(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, code, message] = nonsense(error);
  const body = JSON.stringify(bothForms(code, message));
  socket.end(
    `HTTP/1.1 ${status} ${statusTexts[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function nonsense({ code, message }: NodeJS.ErrnoException): [status: number, code: string, message: string] {
  if (code === "HPE_HEADER_OVERFLOW")
    return [431, "head_too_large", "the request's head is larger than is read"];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return [408, "request_too_slow", "the request did not come in time"];
  return [400, "invalid_request", `this is not HTTP: ${message}`];
}

/** An error in the form of either API: which one was meant is not known. */
export function bothForms(code: string, message: string) {
  return { message, error: { code, kind: "invalid", message } };
}
