/**
 * Who of us holds which port of which host address, for one protocol and address family, with the kernel's rule: a port held
 * on all addresses is held on each, and one held on any address is not to be had on all.
 */
import type { Family } from "../address/ip.ts";
import type { TransportProtocol } from "../contracts/firewall.ts";
import { PortSet } from "./port-set.ts";

class PortTable {
  readonly #wildcard: string;
  /** Port to host address to holder. */
  readonly #holders = new Map<number, Map<string, string>>();
  /** Ports held on any address. */
  readonly #ports = new PortSet();
  readonly #portsOf = new Map<string, PortSet>();

  /** @param wildcard the family's address that stands for all: `0.0.0.0` or `::` */
  constructor(wildcard: string) {
    this.#wildcard = wildcard;
  }

  /** The sets of ports that cannot be had on this address. */
  taken(address: string): readonly PortSet[] {
    if (address === this.#wildcard) return [this.#ports];
    return [this.#portsOf.get(address), this.#portsOf.get(this.#wildcard)].filter((set) => set !== undefined);
  }

  /** Whoever keeps this port of this address from being had. */
  holder(address: string, port: number): string | undefined {
    const holders = this.#holders.get(port);
    if (holders === undefined) return undefined;
    if (address === this.#wildcard) return holders.values().next().value;
    return holders.get(address) ?? holders.get(this.#wildcard);
  }

  /** Notes that `holder` has the port, which nobody had. */
  add(address: string, port: number, holder: string): void {
    const holders = this.#holders.get(port);
    if (holders === undefined) this.#holders.set(port, new Map([[address, holder]]));
    else holders.set(address, holder);
    this.#ports.add(port);
    const ports = this.#portsOf.get(address) ?? new PortSet();
    this.#portsOf.set(address, ports);
    ports.add(port);
  }

  delete(address: string, port: number): void {
    const holders = this.#holders.get(port);
    if (holders?.delete(address) !== true) return;
    this.#portsOf.get(address)?.delete(port);
    if (holders.size > 0) return;
    this.#holders.delete(port);
    this.#ports.delete(port);
  }
}

/** The tables of all protocols and families. */
export class PortTables {
  readonly #tables = {
    tcp: { 4: new PortTable("0.0.0.0"), 6: new PortTable("::") },
    udp: { 4: new PortTable("0.0.0.0"), 6: new PortTable("::") },
    sctp: { 4: new PortTable("0.0.0.0"), 6: new PortTable("::") },
  } satisfies Record<TransportProtocol, Record<Family, PortTable>>;

  of(protocol: TransportProtocol, family: Family): PortTable {
    return this.#tables[protocol][family];
  }
}
