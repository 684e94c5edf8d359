// Asks a name server from within a sandbox, by UDP and by TCP, as a program in it would.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Socket } from "node:net";
import { bindUdp, connectTcp, InetSockaddr } from "@causeway/kernel";
import type { NetworkController, Sandbox } from "@causeway/libnetwork";
import { type Answer, decode, encode, type Packet, type RecordType } from "dns-packet";
import { namespaceOf } from "./host.ts";

const server = "127.0.0.11";
const serverBytes = Uint8Array.of(127, 0, 0, 11);

export interface Asked {
  readonly type?: RecordType;
  readonly protocol?: "udp" | "tcp";
  /** Milliseconds until nobody is taken to answer. */
  readonly patience?: number;
  /** Changes the bytes of the question. */
  readonly change?: (bytes: Buffer) => Buffer;
  readonly edns?: number;
}

export interface Told {
  readonly rcode: string;
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
  readonly truncated: boolean;
  readonly name: string;
  /** Who answered: `127.0.0.11:53`. */
  readonly from: string;
}

/** What the sandbox is told; undefined where nobody answers. */
export async function ask(sandbox: Sandbox, name: string, asked: Asked = {}): Promise<Told | undefined> {
  const { type = "A", protocol = "udp", patience = 5000, change = (bytes) => bytes, edns } = asked;
  const question: Packet = {
    type: "query",
    id: Math.floor(Math.random() * 65_536),
    flags: 0x100,
    questions: [{ type, name }],
    ...(edns !== undefined && {
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: edns,
          flags: 0,
          options: [],
          extendedRcode: 0,
          ednsVersion: 0,
          flag_do: false,
        },
      ],
    }),
  };
  const bytes = change(encode(question));
  const got = await (protocol === "udp" ? byUdp(sandbox, bytes, patience) : byTcp(sandbox, bytes, patience));
  if (got === undefined) return undefined;
  const {
    rcode = "",
    answers = [],
    additionals = [],
    flag_tc: truncated,
    questions,
    id,
  } = decode(got.bytes) as Packet & {
    rcode?: string;
    flag_tc: boolean;
  };
  if (id !== bytes.readUInt16BE(0)) throw new Error(`an answer to ${id}`);
  return { rcode, answers, additionals, truncated, name: questions?.[0]?.name ?? "", from: got.from };
}

/** The data of the answers, in no order, or the rcode. */
export async function look(sandbox: Sandbox, name: string, asked: Asked = {}): Promise<string> {
  const told = await ask(sandbox, name, asked);
  if (told === undefined) return "nobody answers";
  if (told.rcode !== "NOERROR") return told.rcode;
  return told.answers
    .map((answer) => ("data" in answer ? String(answer.data) : ""))
    .sort()
    .join(" ");
}

interface Got {
  readonly bytes: Buffer;
  readonly from: string;
}

async function byUdp(sandbox: Sandbox, bytes: Buffer, patience: number): Promise<Got | undefined> {
  using namespace = namespaceOf(sandbox);
  const fd = namespace.run(() => bindUdp(new InetSockaddr(new Uint8Array(4), "0.0.0.0"), 0)).release();
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  socket.bind({ fd });
  await listening;
  try {
    const answer = once(socket, "message", { signal: AbortSignal.timeout(patience) });
    socket.send(bytes, 53, server);
    const [message, from] = (await answer) as [Buffer, { address: string; port: number }];
    return { bytes: message, from: `${from.address}:${from.port}` };
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  } finally {
    socket.close();
  }
}

async function byTcp(sandbox: Sandbox, bytes: Buffer, patience: number): Promise<Got | undefined> {
  using namespace = namespaceOf(sandbox);
  const { socket: connected } = namespace.run(() => connectTcp(new InetSockaddr(serverBytes, server), 53));
  const socket = new Socket({ fd: connected.release(), readable: true, writable: true });
  try {
    socket.write(Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]));
    let held = Buffer.alloc(0);
    const signal = AbortSignal.timeout(patience);
    while (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) {
      const [piece] = (await once(socket, "data", { signal })) as [Buffer];
      held = Buffer.concat([held, piece]);
    }
    return { bytes: held.subarray(2), from: `${socket.remoteAddress}:${socket.remotePort}` };
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  } finally {
    socket.destroy();
  }
}

/** Sandboxes, each in the networks of these names, made where there are none. */
export async function attached(
  controller: NetworkController,
  containerId: string,
  ...networks: readonly string[]
): Promise<Sandbox> {
  const sandbox = await controller.newSandbox(containerId);
  for (const name of networks) {
    const network = controller.networkByName(name) ?? (await controller.newNetwork("bridge", name));
    await network.connect(sandbox, containerId);
  }
  return sandbox;
}
