// Connections on which a test says what it likes, HTTP or not.

import { connect, type Socket } from "node:net";

export interface RawConnection {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** What has come so far. */
  readonly text: string;
  /** Resolves with all that came, when the other end has hung up. */
  readonly ended: Promise<string>;
  /** Resolves when what has come has this in it. */
  until(pattern: RegExp): Promise<string>;
}

/** Connects to a unix socket. */
export function rawConnection(path: string): Promise<RawConnection> {
  const socket = connect(path);
  let text = "";
  const waiting: { readonly pattern: RegExp; readonly resolve: (text: string) => void }[] = [];
  const look = () => {
    for (const { pattern, resolve } of waiting) if (pattern.test(text)) resolve(text);
  };
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    look();
  });
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      // From now on, being hung up on is an answer.
      socket.off("error", reject).on("error", () => undefined);
      resolve({
        socket,
        ended,
        send: (data) => socket.write(data),
        get text() {
          return text;
        },
        until: (pattern) =>
          new Promise((done) => {
            waiting.push({ pattern, resolve: done });
            look();
          }),
      });
    });
  });
}

/** One request as text, on a connection of its own. */
export async function rawAnswer(path: string, request: string | Buffer): Promise<string> {
  const connection = await rawConnection(path);
  connection.send(request);
  return connection.ended;
}
