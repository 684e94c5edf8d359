/**
 * A sandbox's sockets, at 127.0.0.11 in its namespace, and the rules that lead port 53 to them: the sandbox's own port 53 stays free.
 */
import {
  bindUdp,
  InetSockaddr,
  isKernelError,
  isListening,
  isPortRewritten,
  type Later,
  listenTcp,
  type NetNamespace,
  type OwnedFd,
  type PortRewrite,
  rewritePort,
  rewritePortInPieces,
} from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import { resolverAddress } from "../files/sandbox-resolv-conf.ts";
import { carriedOut, type Pieces } from "./pieces.ts";
import { takenOver } from "./taken-over.ts";

const address = new InetSockaddr(parseIp(resolverAddress).bytes(), resolverAddress);
/** Of nf_tables, in the sandbox. */
const table = "causeway_names";
const dnsPort = 53;
const backlog = 128;
/** Bytes of questions that may wait. */
const receiveBuffer = 1 << 20;
/**
 * Above what the kernel gives out by itself (net.ipv4.ip_local_port_range), and the same in all sandboxes: a namespace is made ready before
 * anybody knows whose it will be, and who opens again finds the rules as they should be.
 */
const firstPort = 61_053;
/** How many ports are tried. */
const tries = 32;

export class SandboxSockets implements Disposable {
  readonly namespace: NetNamespace;
  readonly udp: OwnedFd;
  readonly tcp: OwnedFd;
  readonly #rewrite: PortRewrite;
  readonly #later: Later;
  #rulesAreOver = false;

  private constructor(namespace: NetNamespace, { udp, tcp }: Sockets, rewrite: PortRewrite, later: Later) {
    this.namespace = namespace;
    this.udp = udp;
    this.tcp = tcp;
    this.#rewrite = rewrite;
    this.#later = later;
  }

  /**
   * Rules that stand as they are to be, a former run's, are left alone.
   *
   * @param namespace taken over, on an exception too
   * @param owner whose the rules are
   * @throws KernelError
   */
  static open(namespace: NetNamespace, owner: string, later: Later): SandboxSockets {
    const sockets = carriedOut(SandboxSockets.begin(namespace, owner, later));
    return takenOver(sockets, () => {
      sockets.mendRules();
      return sockets;
    });
  }

  /** As {@link open}, in pieces; the rules are made by {@link makeRules}. */
  static *begin(namespace: NetNamespace, owner: string, later: Later): Pieces<SandboxSockets> {
    using opened = new DisposableStack();
    opened.use(namespace);
    const { port, ...sockets } = yield* bindBoth(namespace);
    opened.move();
    const rewrite = { table, owner, address: resolverAddress, port: dnsPort, to: port };
    return new SandboxSockets(namespace, sockets, rewrite, later);
  }

  /**
   * Makes the rules in pieces, where nobody mends them meanwhile: questions come when it is carried out.
   *
   * @throws KernelError
   */
  *makeRules(): Pieces<void> {
    using pieces = rewritePortInPieces(this.#rewrite, this.namespace, this.#later);
    do yield;
    while (!this.#rulesAreOver && pieces.next().done !== true);
  }

  /** Somebody in the sandbox may destroy it: `ss -K`. A UDP socket survives that. */
  get isWhole(): boolean {
    return isListening(this.tcp.fd);
  }

  /** What keeps questions from them; undefined: nothing. */
  obstacle(): string | undefined {
    if (!this.isWhole) return `the resolver's TCP socket at ${resolverAddress} was destroyed`;
    if (this.namespace.run(() => isPortRewritten(this.#rewrite))) return undefined;
    return `the rules of its table ip ${table}, which lead port ${dnsPort} of ${resolverAddress} to the resolver, are missing or altered`;
  }

  /** Makes the rules anew, where they are not as they should be. */
  mendRules(): void {
    this.#rulesAreOver = true;
    this.namespace.run(() => rewritePort(this.#rewrite, this.#later));
  }

  *close(): Pieces<void> {
    this.#rulesAreOver = true;
    this.udp[Symbol.dispose]();
    yield;
    this.tcp[Symbol.dispose]();
    yield;
    this.namespace[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    carriedOut(this.close());
  }
}

interface Sockets {
  readonly udp: OwnedFd;
  readonly tcp: OwnedFd;
}

function* bindBoth(namespace: NetNamespace): Pieces<Sockets & { readonly port: number }> {
  for (let attempt = 0; ; attempt++) {
    const port = firstPort + attempt;
    try {
      using opened = new DisposableStack();
      const udp = opened.use(namespace.run(() => bindUdp(address, port, { receiveBuffer })));
      yield;
      const tcp = namespace.run(() => listenTcp(address, port, { backlog }));
      opened.move();
      return { port, udp, tcp };
    } catch (error) {
      if (!isKernelError(error, "EADDRINUSE") || attempt === tries) throw error;
    }
  }
}
