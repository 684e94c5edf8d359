/**
 * Channel: gRPC calls to one server, all over one HTTP/2 connection, which is made when it is needed and told to be dead when it is silent.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { connect as connectPlainly, isIP, type Socket } from "node:net";
import { connect as connectSecurely, type SecureContextOptions } from "node:tls";
import { messageOf } from "../../../errors.ts";
import { FrameReader, frame } from "./frames.ts";
import { CallFailure, status } from "./status.ts";

/** How long a connection may take to be made, milliseconds. */
const connectPatience = 2000;
/** Between two pings on a connection. etcd takes less than 5 s amiss (--grpc-keepalive-min-time). */
const pingInterval = 6000;
/** How long a ping may go unanswered. */
const pingPatience = 2000;
/** How much the server may send ahead: a listing's page, and more for all streams together. */
const streamWindow = 1024 * 1024;
const sessionWindow = 8 * 1024 * 1024;

/** Names and values that go with a call. */
export type Metadata = Readonly<Record<string, string>>;

/** A call in which both sides send as long as they like. */
export interface Stream {
  send(message: Buffer): void;
  /** Ends it; nothing is told any more. */
  close(): void;
}

export interface StreamListener {
  message(message: Buffer): void;
  /** Once, unless {@link Stream.close} was first. */
  ended(failure: CallFailure): void;
}

interface Connection {
  readonly session: ClientHttp2Session;
  readonly ready: Promise<void>;
}

export class Channel {
  /** `http://host:port`, `https://host:port` */
  readonly url: string;
  readonly #tls: SecureContextOptions;
  #connection: Connection | undefined;
  #closed = false;

  constructor(url: string, tls: SecureContextOptions) {
    this.url = url;
    this.#tls = tls;
  }

  /**
   * One message there, one back.
   *
   * @param path `/package.Service/Method`
   * @param patience milliseconds, the connection's making included
   * @throws CallFailure
   */
  async unary(path: string, message: Buffer, metadata: Metadata, patience: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const session = await this.#ready();
    const answers: Buffer[] = [];
    const stream = this.#request(session, path, metadata, {
      message: (answer) => answers.push(answer),
      ended: (failure) => {
        const [answer] = answers;
        if (failure.status === status.ok && answer) resolve(answer);
        else reject(failure);
      },
    });
    const timer = setTimeout(() => {
      reject(new CallFailure(status.deadlineExceeded, `no answer within ${patience / 1000} s`));
      stream.close(constants.NGHTTP2_CANCEL);
      this.#ping(session);
    }, patience);
    stream.end(frame(message));
    return promise.finally(() => clearTimeout(timer));
  }

  /** @throws CallFailure where no connection can be made */
  async stream(path: string, metadata: Metadata, listener: StreamListener): Promise<Stream> {
    const session = await this.#ready();
    let isOver = false;
    const stream = this.#request(session, path, metadata, {
      message: (message) => !isOver && listener.message(message),
      ended: (failure) => {
        if (!isOver) listener.ended(failure);
        isOver = true;
      },
    });
    return {
      send: (message) => void stream.write(frame(message)),
      close: () => {
        isOver = true;
        stream.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  /** Whoever waits for an answer is told that there will be none. */
  close(): void {
    this.#closed = true;
    this.#connection?.session.destroy();
  }

  #request(
    session: ClientHttp2Session,
    path: string,
    metadata: Metadata,
    listener: StreamListener,
  ): ClientHttp2Stream {
    const stream = begin(session, path, metadata);
    const reader = new FrameReader();
    let failure: CallFailure | undefined;
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      failure ??= outcome(headers);
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("data", (piece: Buffer) => {
      try {
        for (const message of reader.push(piece)) listener.message(message);
      } catch (error) {
        failure ??= asFailure(error);
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
    stream.on("error", (error) => {
      failure ??= asFailure(error);
    });
    stream.on("close", () => {
      listener.ended(failure ?? new CallFailure(status.unavailable, "the connection broke"));
    });
    return stream;
  }

  async #ready(): Promise<ClientHttp2Session> {
    if (this.#closed) throw new CallFailure(status.cancelled, "closed", { wasSent: false });
    this.#connection ??= this.#connect();
    const { session, ready } = this.#connection;
    try {
      await ready;
    } catch (error) {
      throw new CallFailure(status.unavailable, messageOf(error), { wasSent: false, cause: error });
    }
    if (session.destroyed || session.closed)
      throw new CallFailure(status.unavailable, "the connection broke", { wasSent: false });
    return session;
  }

  /**
   * It is ready when the server has spoken: in TLS 1.3 a client's certificate is refused after the client thinks that all is well. Of that Node's session
   * says nothing, so that the socket is listened to.
   */
  #connect(): Connection {
    const socket = connectTo(new URL(this.url), this.#tls);
    const session = connect(this.url, {
      createConnection: () => socket,
      settings: { initialWindowSize: streamWindow },
    });
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    const connection: Connection = { session, ready };
    let pings: NodeJS.Timeout | undefined;
    const forget = (): void => {
      if (this.#connection === connection) this.#connection = undefined;
    };
    const fail = (reason: Error): void => {
      forget();
      clearTimeout(timer);
      clearInterval(pings);
      reject(reason);
      session.destroy(reason);
      socket.destroy();
    };
    const timer = setTimeout(
      () => fail(new Error(`no connection within ${connectPatience / 1000} s`)),
      connectPatience,
    );
    ready.catch(() => {}); // whoever calls is told
    session.once("remoteSettings", () => {
      clearTimeout(timer);
      session.setLocalWindowSize(sessionWindow);
      pings = setInterval(() => this.#ping(session), pingInterval);
      resolve();
    });
    session.once("goaway", forget);
    for (const emitter of [socket, session]) {
      emitter.on("error", fail);
      emitter.once("close", () => fail(new Error("the connection broke")));
    }
    return connection;
  }

  /** Ends the connection, and with it every call on it, where the server does not answer. */
  #ping(session: ClientHttp2Session): void {
    if (session.destroyed) return;
    const timer = setTimeout(
      () => session.destroy(new Error(`silent for ${pingPatience / 1000} s`)),
      pingPatience,
    );
    session.ping((error) => {
      clearTimeout(timer);
      if (error) session.destroy();
    });
  }
}

function connectTo({ protocol, hostname, port }: URL, tls: SecureContextOptions): Socket {
  const isPlain = protocol === "http:";
  // URL leaves out the scheme's own port.
  const to = { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || (isPlain ? 80 : 443)) };
  if (isPlain) return connectPlainly(to);
  const name = isIP(to.host) === 0 ? { servername: to.host } : {};
  return connectSecurely({ ...to, ...tls, ...name, ALPNProtocols: ["h2"] });
}

function begin(session: ClientHttp2Session, path: string, metadata: Metadata): ClientHttp2Stream {
  try {
    return session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...metadata,
    });
  } catch (error) {
    throw new CallFailure(status.unavailable, messageOf(error), { wasSent: false, cause: error });
  }
}

/** What an answer's headers or trailers say; undefined: nothing yet. */
function outcome(headers: Readonly<Record<string, unknown>>): CallFailure | undefined {
  const code = headers["grpc-status"];
  if (code !== undefined) {
    const message = String(headers["grpc-message"] ?? "");
    return new CallFailure(Number(code), decodeMessage(message) || `gRPC status ${code}`);
  }
  const http = headers[":status"];
  if (http === undefined || http === 200) return undefined;
  return new CallFailure(status.unavailable, `HTTP status ${http}: is that an etcd?`);
}

/** Percent-encoded. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function asFailure(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error;
  return new CallFailure(status.unavailable, messageOf(error), { cause: error });
}
