// A TCP connection between two namespaces that is used again and again.

import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { InetSockaddr, ipToBytes, listenTcp, type NetNamespace, socket } from "@causeway/kernel";

/** Says again what it is told. */
export async function echoServer(namespace: NetNamespace, port: number): Promise<AsyncDisposable> {
  const anywhere = new InetSockaddr(ipToBytes("0.0.0.0"), "0.0.0.0");
  const descriptor = namespace.run(() => listenTcp(anywhere, port, { backlog: 8 }));
  const sockets = new Set<Socket>();
  const server = createServer((connection) => {
    sockets.add(connection);
    connection.on("error", () => connection.destroy());
    connection.pipe(connection);
  });
  server.listen({ fd: descriptor.release() });
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: () => {
      for (const connection of sockets) connection.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

export interface Conversation extends AsyncDisposable {
  /** Returns what comes back. @throws Error where the connection has ended */
  say(words: string): Promise<string>;
}

export async function talk(namespace: NetNamespace, address: string, port: number): Promise<Conversation> {
  const descriptor = namespace.run(() =>
    socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0, { nonBlocking: true }),
  );
  const connection = new Socket({ fd: descriptor.release() });
  connection.setEncoding("utf8");
  connection.connect({ host: address, port });
  await once(connection, "connect");
  return {
    async say(words) {
      connection.write(words);
      let heard = "";
      while (heard.length < words.length) {
        const [part] = (await once(connection, "data")) as [string];
        heard += part;
      }
      return heard;
    },
    async [Symbol.asyncDispose]() {
      connection.destroy();
      if (!connection.closed) await once(connection, "close");
    },
  };
}
