// Traffic between namespaces, made in this process: who reaches whom, and under which address.
//
// A socket keeps the namespace that it was opened in. So it is opened inside, and Node's net and dgram take it over by
// its descriptor; no process is started, and a question that is answered takes under a millisecond.

import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, Socket } from "node:net";
import { bindUdp, InetSockaddr, ipToBytes, listenTcp, type NetNamespace, socket } from "@causeway/kernel";

export type Transport = "tcp" | "udp";

export interface Server extends AsyncDisposable {
  readonly port: number;
  /** What arrived, whether or not the answer got back: the texts of questions by UDP. */
  readonly heard: ReadonlySet<string>;
}

export interface ServerOptions {
  /** Default: tcp. */
  readonly protocol?: Transport;
  /** Default: every IPv4 address. `::` is every IPv6 address and no IPv4 one. */
  readonly address?: string;
  readonly port: number;
}

/** Starts a server in a namespace that tells everybody who asks the address that it sees the question come from. */
export async function serve(namespace: NetNamespace, options: ServerOptions): Promise<Server> {
  const { protocol = "tcp", address = "0.0.0.0", port } = options;
  if (protocol === "udp") return serveUdp(openUdp(namespace, address, port), port);
  const at = new InetSockaddr(ipToBytes(address), address);
  const descriptor = namespace.run(() => listenTcp(at, port, { backlog: 64 }));
  return serveTcp(descriptor.release(), port);
}

async function serveTcp(fd: number, port: number): Promise<Server> {
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    connection.end(connection.remoteAddress ?? "");
  });
  server.listen({ fd });
  await once(server, "listening");
  const heard = new Set<string>();
  return { port, heard, [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) };
}

function serveUdp(server: DatagramSocket, port: number): Server {
  const heard = new Set<string>();
  server.on("message", (question, from) => {
    heard.add(question.toString());
    // An answer that cannot be sent (no route, refused) is the asker's to miss.
    server.send(from.address, from.port, from.address, () => undefined);
  });
  server.on("error", () => undefined);
  return { port, heard, [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())) };
}

/** A socket for datagrams at an address of a namespace: to speak from there, again and again. */
export function openUdp(namespace: NetNamespace, address: string, port: number): DatagramSocket {
  const descriptor = namespace.run(() => bindUdp(new InetSockaddr(ipToBytes(address), address), port));
  return datagramSocket(descriptor.release(), isIPv6(address));
}

export interface Question {
  /** Default: tcp. */
  readonly protocol?: Transport;
  readonly address: string;
  readonly port: number;
  /** The source address to ask from; default: the kernel's choice. */
  readonly source?: string;
  /** The port to ask from. Default: any; it may be one that a connection is remembered of. */
  readonly sourcePort?: number;
  /** Index of the interface to ask by: link-local and multicast addresses need one. */
  readonly by?: number;
  /** How long an answer may take, milliseconds of this process's own time. Default: 400. */
  readonly timeout?: number;
  /** What a question by UDP says. */
  readonly text?: string;
}

/**
 * Asks a {@link serve} from inside a namespace.
 *
 * @returns the address that the server saw; undefined where nothing came back in time, or a refusal did
 */
export function ask(namespace: NetNamespace, question: Question): Promise<string | undefined> {
  return question.protocol === "udp" ? askUdp(namespace, question) : askTcp(namespace, question);
}

/** True where a TCP connection, or a UDP question and its answer, get through. */
export async function canConnect(
  namespace: NetNamespace,
  address: string,
  port: number,
  options: Omit<Question, "address" | "port"> = {},
): Promise<boolean> {
  return (await ask(namespace, { address, port, ...options })) !== undefined;
}

/** True where an ICMP echo is answered; by ping(8), so that the kernel's own answer counts. */
export async function canPing(namespace: NetNamespace, address: string): Promise<boolean> {
  const ping = namespace.spawn("ping", ["-n", "-c1", "-W1", address], { stdio: "ignore" });
  const [status] = await once(ping, "close");
  return status === 0;
}

function openClient(
  namespace: NetNamespace,
  kind: number,
  { address, source, sourcePort, by }: Question,
): number {
  return namespace.run(() => {
    const domain = isIPv6(address) ? socket.AF_INET6 : socket.AF_INET;
    const client = socket.openSocket(domain, kind, 0, { nonBlocking: true });
    socket.setIntOption(client, socket.SOL_SOCKET, socket.SO_BROADCAST, 1);
    if (by !== undefined) socket.setIntOption(client, socket.SOL_SOCKET, socket.SO_BINDTOIFINDEX, by);
    if (source !== undefined || sourcePort !== undefined) {
      const from = source ?? (isIPv6(address) ? "::" : "0.0.0.0");
      socket.bindSocket(client, new InetSockaddr(ipToBytes(from), from).atPort(sourcePort ?? 0), from);
    }
    return client.release();
  });
}

async function askTcp(namespace: NetNamespace, question: Question): Promise<string | undefined> {
  const { address, port, timeout = 400 } = question;
  const client = new Socket({ fd: openClient(namespace, socket.SOCK_STREAM, question) });
  const stop = after(timeout, () => client.destroy());
  let answer = "";
  client.setEncoding("utf8");
  client.on("data", (part: string) => {
    answer += part;
  });
  client.on("error", () => client.destroy());
  const closed = new Promise((done) => client.once("close", done));
  client.connect({ host: address, port });
  await closed;
  stop();
  return answer === "" ? undefined : answer;
}

async function askUdp(namespace: NetNamespace, question: Question): Promise<string | undefined> {
  const { address, port, timeout = 400, text = "who am I?" } = question;
  const client = datagramSocket(openClient(namespace, socket.SOCK_DGRAM, question), isIPv6(address));
  const answer = await new Promise<string | undefined>((done) => {
    const stop = after(timeout, () => done(undefined));
    const settle = (value: string | undefined) => {
      stop();
      done(value);
    };
    client.once("message", (message) => settle(message.toString()));
    client.once("error", () => settle(undefined));
    client.send(text, port, address, (error) => {
      if (error !== null) settle(undefined);
    });
  });
  client.close();
  return answer;
}

/**
 * Calls back after some milliseconds in which this process was awake: on a machine that gave it no processor for a second, an
 * answer may lie in a socket of ours, or a question before a server of ours.
 */
function after(milliseconds: number, callBack: () => void): () => void {
  const slice = 25;
  let left = Math.ceil(milliseconds / slice);
  const tick = () => {
    if (--left > 0) timer = setTimeout(tick, slice);
    else callBack();
  };
  let timer = setTimeout(tick, slice);
  return () => clearTimeout(timer);
}

function datagramSocket(fd: number, ipv6: boolean): DatagramSocket {
  return createSocket(ipv6 ? "udp6" : "udp4").bind({ fd });
}
