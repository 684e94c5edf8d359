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
  portRewriteSteps,
  rewritePort,
} from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import { resolverAddress } from "../files/sandbox-resolv-conf.ts";

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
  /** What is to be done until the rules stand. */
  #steps: (() => void)[] = [];

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
    return SandboxSockets.#open(namespace, owner, later, (sockets) => sockets.mendRules());
  }

  /** As {@link open}; the rules are made by {@link makeMore}. */
  static begin(namespace: NetNamespace, owner: string, later: Later): SandboxSockets {
    return SandboxSockets.#open(namespace, owner, later, (sockets) => {
      sockets.#steps = portRewriteSteps(sockets.#rewrite, later);
    });
  }

  static #open(
    namespace: NetNamespace,
    owner: string,
    later: Later,
    makeRules: (sockets: SandboxSockets) => void,
  ): SandboxSockets {
    using opened = new DisposableStack();
    opened.use(namespace);
    const made = namespace.run(() => {
      const { port, ...sockets } = bindBoth();
      opened.use(sockets.udp);
      opened.use(sockets.tcp);
      const rewrite = { table, owner, address: resolverAddress, port: dnsPort, to: port };
      return new SandboxSockets(namespace, sockets, rewrite, later);
    });
    makeRules(made);
    opened.move();
    return made;
  }

  /**
   * Does a little of what is to be done until questions come.
   *
   * @returns whether there is more
   * @throws KernelError
   */
  makeMore(): boolean {
    const step = this.#steps.shift();
    if (step !== undefined) this.namespace.run(step);
    return this.#steps.length > 0;
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
    this.#steps = [];
    this.namespace.run(() => rewritePort(this.#rewrite, this.#later));
  }

  [Symbol.dispose](): void {
    this.#steps = [];
    this.udp[Symbol.dispose]();
    this.tcp[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

interface Sockets {
  readonly udp: OwnedFd;
  readonly tcp: OwnedFd;
}

function bindBoth(): Sockets & { readonly port: number } {
  for (let attempt = 0; ; attempt++) {
    const port = firstPort + attempt;
    try {
      using udp = new DisposableStack();
      const datagrams = udp.use(bindUdp(address, port, { receiveBuffer }));
      const tcp = listenTcp(address, port, { backlog });
      udp.move();
      return { port, udp: datagrams, tcp };
    } catch (error) {
      if (!isKernelError(error, "EADDRINUSE") || attempt === tries) throw error;
    }
  }
}
