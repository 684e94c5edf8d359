/**
 * TunnelEncryption: the encrypted tunnels of this host, as they stand in the kernel. A packet that ought to be encrypted and cannot be
 * is dropped, from before the first device is made: by policies, which name no peer, so that nothing has to be there in time. So states may be
 * made in pieces, host by host, where there are many.
 */
import { ipsecEsp, type NetNamespace, requireFeatures, UnsupportedFeatureError } from "@causeway/kernel";
import { parseIp } from "../../../address/ip.ts";
import type { Finding } from "../../../contracts/health.ts";
import type { TunnelCipher } from "../../../contracts/overlay.ts";
import type { ClusterKey, TunnelEnd, TunnelKeys } from "../../../contracts/tunnel-keys.ts";
import { unsupported } from "../../../errors.ts";
import { difference, type Knowledge, type StateChange } from "./difference.ts";
import { KernelTunnels } from "./kernel-tunnels.ts";
import { Pieces } from "./pieces.ts";
import { type OwnEnd, tunnelStates } from "./plan.ts";

/** IANA has given it to nobody. On the wire it is never seen. */
export const defaultEncryptedPort = 4793;

/**
 * RFC 4303 and 4106: header (8), initialisation vector (8), length of the padding and next header (2), check value (16). What is encrypted
 * is padded to a multiple of 4 bytes.
 */
const esp = { around: 8 + 8 + 2 + 16, alignment: 4 } as const;

export interface TunnelEncryptionSettings {
  /** The host's; default: the calling thread's. */
  readonly namespace?: NetNamespace;
  /** Where this host's tunnels end. */
  readonly address: string;
  /** UDP port of the encrypted networks' tunnels, and of nothing else: the same on every host of the cluster. Default: 4793. */
  readonly port?: number;
}

export class TunnelEncryption implements TunnelCipher, TunnelKeys, Disposable {
  readonly #namespace: NetNamespace | undefined;
  readonly #address: string;
  readonly port: number;
  readonly #listeners: ((life: number) => void)[] = [];
  #keys: readonly ClusterKey[] = [];
  /** Hosts of the cluster, by address. */
  readonly #ends = new Map<string, TunnelEnd>();
  /** Addresses that networks have tunnels to. */
  readonly #tunnels = new Map<string, Set<string>>();
  /** Once something is protected. */
  #kernel: KernelTunnels | undefined;
  /** Addresses of hosts whose states may not be as they are to be. */
  readonly #due = new Pieces<string>({
    work: (hosts) => this.#apply(hosts),
    // The doctor finds what is missing.
    failed: (error) => process.emitWarning(String(error)),
  });

  /** Asks nothing of the kernel: a host that encrypts nothing needs no IPsec. */
  constructor({ namespace, address, port = defaultEncryptedPort }: TunnelEncryptionSettings) {
    this.#namespace = namespace;
    this.#address = canonical(address);
    this.port = port;
  }

  get life(): number | undefined {
    return this.#kernel?.self.life;
  }

  onLife(listener: (life: number) => void): void {
    this.#listeners.push(listener);
    if (this.life !== undefined) listener(this.life);
  }

  overhead(outerSize: number): number {
    return esp.around + (outerSize % esp.alignment);
  }

  requireSupport(): void {
    requireEsp();
  }

  /** What an earlier run left is taken up. */
  protect(): void {
    if (this.#kernel !== undefined) return;
    requireEsp();
    this.#kernel = new KernelTunnels(this.#namespace, this.#address, this.port);
    this.#tellLife(this.#kernel.self);
    this.#due.add(this.#hosts(this.#kernel));
  }

  /** A network has an endpoint at a host. Until the host's life is known, what is sent there is dropped. */
  tunnelTo(networkId: string, address: string): void {
    const host = canonical(address);
    const hosts = this.#tunnels.get(networkId) ?? new Set();
    this.#tunnels.set(networkId, hosts.add(host));
    this.#due.add([host]);
  }

  /** These are all the hosts that a network has endpoints at. States of others go with their keys. */
  settleTunnels(networkId: string, addresses: Iterable<string>): void {
    const hosts = new Set([...addresses].map(canonical));
    if (hosts.size === 0) this.#tunnels.delete(networkId);
    else this.#tunnels.set(networkId, hosts);
    this.#due.add(hosts);
  }

  setKeys(keys: readonly ClusterKey[]): void {
    this.#keys = keys;
    if (this.#kernel !== undefined) this.#due.add(this.#hosts(this.#kernel));
  }

  putEnd({ address, life }: TunnelEnd): void {
    const host = canonical(address);
    this.#ends.set(host, { address: host, life });
    this.#due.add([host]);
  }

  /** A life that nobody else is in: where another host has this one's number, or packets were lost count of. */
  beginLife(): void {
    if (this.#kernel === undefined) return;
    this.#kernel.beginLife();
    this.#tellLife(this.#kernel.self);
    this.#due.add(this.#hosts(this.#kernel));
  }

  inspect(): readonly Finding[] {
    if (this.#kernel === undefined) return [];
    const { states, guards } = this.#kernel.lost();
    const missing = states + this.#difference(this.#kernel, this.#hosts(this.#kernel)).add.length;
    const what = [
      ...(guards === 0 ? [] : [`${guards} of 2 policies: packets may pass in the clear`]),
      ...(missing === 0 ? [] : [`${missing} states: packets of these tunnels are dropped`]),
    ];
    if (what.length === 0) return [];
    return [
      {
        code: "encryption_incomplete",
        nature: "missing",
        message: `of what encrypts overlay networks the kernel lacks ${what.join("; ")}`,
        mend: "call repair()",
        repairable: true,
      },
    ];
  }

  /** In another life: to make a state again in the same one would be to count packets from the start. What failed before is tried again. */
  async mend(): Promise<void> {
    if (this.#kernel === undefined) return;
    const { states, guards } = this.#kernel.lost();
    if (states + guards > 0) this.beginLife();
    else this.#due.add(this.#hosts(this.#kernel));
    await this.settled();
  }

  /** When the kernel has all that was told. */
  settled(): Promise<void> {
    return this.#due.done();
  }

  /** Takes all that is ours out of the kernel: no network is encrypted here any more. */
  release(): void {
    this.#kernel?.clear();
    this[Symbol.dispose]();
  }

  #tellLife({ life }: OwnEnd): void {
    for (const listener of this.#listeners) listener(life);
  }

  /** Whom there is a tunnel to, or was. */
  #hosts(kernel: KernelTunnels): Set<string> {
    return new Set([...[...this.#tunnels.values()].flatMap((some) => [...some]), ...kernel.peers()]);
  }

  #apply(hosts: Iterable<string>): void {
    this.#kernel?.change(this.#difference(this.#kernel, hosts));
  }

  /** Before the keys are known nobody can say which of the states that an earlier run left are of use: they stay. */
  #difference(kernel: KernelTunnels, hosts: Iterable<string>): StateChange {
    if (this.#keys.length === 0) return { remove: [], add: [] };
    const { self } = kernel;
    const some = [...hosts];
    const found = some.flatMap((host) => kernel.statesWith(host));
    const wanted = some.flatMap((host) => {
      const end = this.#ends.get(host);
      return end !== undefined && this.#isMeant(host) ? tunnelStates(self, this.#keys, end) : [];
    });
    return difference(found, wanted, this.#knowledge(self));
  }

  #isMeant(host: string): boolean {
    return this.#tunnels.values().some((hosts) => hosts.has(host));
  }

  #knowledge(self: TunnelEnd): Knowledge {
    return { self, keys: this.#keys, lifeAt: (address) => this.#ends.get(address)?.life };
  }

  /** What is in the kernel stays. */
  [Symbol.dispose](): void {
    this.#due[Symbol.dispose]();
    this.#kernel?.[Symbol.dispose]();
    this.#kernel = undefined;
  }
}

/** As the kernel writes it. */
function canonical(address: string): string {
  return parseIp(address).toString();
}

function requireEsp(): void {
  try {
    requireFeatures(ipsecEsp);
  } catch (error) {
    if (!(error instanceof UnsupportedFeatureError)) throw error;
    const message = `encrypted overlay networks need ${error.feature}, which this host has not: ${error.mend}; or make the network without encryption`;
    throw unsupported("encryption_unsupported", message, error);
  }
}
