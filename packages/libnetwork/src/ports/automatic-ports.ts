/**
 * Ports that are chosen for the user: those that the kernel itself gives to outgoing connections (ip_local_port_range without
 * ip_local_reserved_ports), in turn, so that a port which was just freed is not given to somebody else at once.
 */
import { readSysctl } from "@causeway/kernel";
import type { TransportProtocol } from "../contracts/firewall.ts";
import type { PortRange } from "../options/port-range.ts";
import { type Candidates, PortSet } from "./port-set.ts";

/** The kernel's settings, Documentation/networking/ip-sysctl.rst. */
export interface LocalPorts {
  readonly range: PortRange;
  readonly reserved: PortSet;
}

/** As they are now in the namespace that the calling thread is in. */
export function readLocalPorts(): LocalPorts {
  return {
    range: parseLocalPortRange(readSysctl("net/ipv4/ip_local_port_range")),
    reserved: parsePortList(readSysctl("net/ipv4/ip_local_reserved_ports")),
  };
}

/** Reads `32768\t60999`. */
export function parseLocalPortRange(text: string): PortRange {
  const [first, last] = text.trim().split(/\s+/).map(Number);
  if (first === undefined || last === undefined || !(first <= last)) {
    throw new TypeError(`"${text}" is not a port range`);
  }
  return { first, last };
}

/** Reads `8080,9148-9150`; the empty list is empty text. */
export function parsePortList(text: string): PortSet {
  const ports = new PortSet();
  for (const item of text.trim().split(",")) {
    if (item === "") continue;
    const [first = Number.NaN, last = first] = item.split("-").map(Number);
    for (let port = first; port <= last; port++) ports.add(port);
  }
  return ports;
}

export class RoundRobin {
  /** Where the next search begins. */
  readonly #next = new Map<TransportProtocol, number>();

  candidates(protocol: TransportProtocol, { range, reserved }: LocalPorts): Candidates {
    const { first, last } = range;
    const next = this.#next.get(protocol) ?? first;
    const ranges =
      first < next && next <= last
        ? [
            { first: next, last },
            { first, last: next - 1 },
          ]
        : [range];
    return { ranges, excluded: [reserved] };
  }

  /** Notes that this port was given away. */
  advance(protocol: TransportProtocol, port: number): void {
    this.#next.set(protocol, port + 1);
  }
}
