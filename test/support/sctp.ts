// SCTP between namespaces, one-to-one style (RFC 6458 section 4): Node has no such sockets, Python has.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { NetNamespace } from "@causeway/kernel";

/** Debian's: a name on the PATH may be somebody's script, and this is started many times. */
const PYTHON = "/usr/bin/python3";

const PROLOGUE = `
import errno, socket, sys, threading
address, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
end = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
if family == socket.AF_INET6: end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
def say(text): print(text, flush=True)
`;

const SERVER = `${PROLOGUE}
def serve(connection, peer):
    say(peer)
    try:
        while connection.recv(1024): connection.send(peer.encode())
    except OSError: pass
end.bind((address, port))
end.listen(16)
say("listening")
while True:
    connection, peer = end.accept()
    threading.Thread(target=serve, args=(connection, peer[0]), daemon=True).start()
`;

// Says that it begins; then "connected", or why not; then, for each line that it is given, what the server answers.
const CLIENT = `${PROLOGUE}
end.settimeout(float(sys.argv[3]))
def attempt(action):
    try: say(action())
    except TimeoutError: say("timeout")
    except OSError as error: say(errno.errorcode[error.errno])
def connect():
    if len(sys.argv) > 4: end.bind((sys.argv[4], 0))
    end.connect((address, port))
    return "connected"
def ask():
    end.send(b"who am I?")
    return end.recv(1024).decode() or "closed"
say("connecting")
attempt(connect)
for line in sys.stdin: attempt(ask)
`;

/**
 * For the `skip` option of a test: false where there are SCTP sockets. The kernel's module is not loaded for it: where it is,
 * the machine answers to SCTP.
 */
export function needsSctp(): string | false {
  if (!existsSync("/proc/net/sctp"))
    return "the kernel has no SCTP sockets, or has not loaded them (modprobe sctp)";
  return existsSync(PYTHON) ? false : `${PYTHON} is not installed`;
}

/** A program in a namespace, and what it says by lines. */
class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(namespace: NetNamespace, code: string, args: readonly (string | number)[]) {
    this.#process = namespace.spawn(PYTHON, ["-ISc", code, ...args.map(String)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("python3 was started without a pipe");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  poke(): void {
    this.#process.stdin?.write("\n");
  }

  /** @throws Error where it has ended */
  async nextLine(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the program for SCTP has ended; its error is above");
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

/** A server in a namespace that tells everybody who asks the address that it sees the question come from. */
export class SctpServer implements AsyncDisposable {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** @param address `0.0.0.0` is every IPv4 address, `::` every IPv6 address and no IPv4 one */
  static async start(namespace: NetNamespace, address: string, port: number): Promise<SctpServer> {
    const server = new SctpServer(new Program(namespace, SERVER, [address, port]));
    await server.next();
    return server;
  }

  /** The address of the next association, in the order of their coming; waits for one. */
  next(): Promise<string> {
    return this.#program.nextLine();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

export interface SctpQuestion {
  readonly address: string;
  readonly port: number;
  /** The one address to speak from. Default: by which the kernel begins, and all others that there are later on. */
  readonly source?: string;
}

/** How long an association or an answer may take, seconds: only a test that fails waits so long. */
const patience = 20;

/** An association, or the attempt at one. */
export class SctpClient implements AsyncDisposable {
  readonly #program: Program;
  /** `connected`, or why not: the name of an errno, or `timeout`. */
  readonly outcome: Promise<string>;

  private constructor(program: Program) {
    this.#program = program;
    this.outcome = program.nextLine();
    // Where nobody asks for it, as of one that is given up.
    this.outcome.catch(() => undefined);
  }

  /** Returns as the attempt begins. */
  static async start(namespace: NetNamespace, { address, port, source }: SctpQuestion): Promise<SctpClient> {
    const args = [address, port, patience, ...(source === undefined ? [] : [source])];
    const program = new Program(namespace, CLIENT, args);
    await program.nextLine();
    return new SctpClient(program);
  }

  /** The address that the server sees, or why nothing comes back. */
  async ask(): Promise<string> {
    const outcome = await this.outcome;
    if (outcome !== "connected") return outcome;
    this.#program.poke();
    return this.#program.nextLine();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

/** The address that the server sees, or why nothing comes back. */
export async function askBySctp(namespace: NetNamespace, question: SctpQuestion): Promise<string> {
  await using client = await SctpClient.start(namespace, question);
  return await client.ask();
}
