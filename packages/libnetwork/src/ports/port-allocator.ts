/**
 * Gives host ports to endpoints, and holds each by a socket of its own so that no other program gets it.
 *
 * A call costs what its own mappings cost, however many ports are held: about 10 us for a port of an address, nearly all of
 * it the kernel's.
 */
import { isIP } from "node:net";
import type { NetNamespace } from "@causeway/kernel";
import type { PortBinding, PortMapping } from "../contracts/driver.ts";
import type { ContainerAddresses, PortReservations } from "../contracts/ports.ts";
import { CausewayError } from "../errors.ts";
import { type LocalPorts, RoundRobin, readLocalPorts } from "./automatic-ports.ts";
import { type HostAddress, hostAddress, isRelayed } from "./host-address.ts";
import { heldByEndpoint, noFreePort, rangeInUse } from "./port-errors.ts";
import { bySearchOrder, type PortRequest, requestsOf } from "./port-request.ts";
import { portsAmong } from "./port-set.ts";
import { hostHasIpv6, openPortSocket } from "./port-socket.ts";
import { PortTables } from "./port-table.ts";
import { LoopbackRelay, type RelayLimits } from "./relay/loopback-relay.ts";
import type { ContainerPort } from "./relay/upstream.ts";

export interface PortAllocatorOptions {
  /**
   * True where the kernel itself carries [::1] to endpoints with an IPv6 address, which takes DNAT, masquerading of ::1 and a
   * local route to ::1 on their bridge: then only the others need the relay. Default: false.
   */
  readonly kernelServesIpv6Loopback?: boolean;
  readonly relay?: RelayLimits;
  /** What an endpoint is called in errors. Default: the beginning of its id. */
  readonly endpointName?: (endpointId: string) => string | undefined;
}

/** A port of one host address, taken. */
interface Claim {
  readonly binding: PortBinding;
  readonly host: HostAddress;
  /** What holds the port in the kernel; undefined for SCTP. */
  readonly hold: Disposable | undefined;
}

export class PortAllocator implements PortReservations, Disposable {
  readonly #namespace: NetNamespace;
  readonly #relay: LoopbackRelay;
  readonly #kernelServesIpv6Loopback: boolean;
  readonly #hostHasIpv6: boolean;
  readonly #endpointName: NonNullable<PortAllocatorOptions["endpointName"]>;
  readonly #tables = new PortTables();
  readonly #roundRobin = new RoundRobin();
  /** By endpoint, then by {@link keyOf} their bindings. */
  readonly #claims = new Map<string, Map<string, Claim>>();

  /** @param namespace the host's, in which ports are taken; it may be disposed of afterwards */
  constructor(namespace: NetNamespace, options: PortAllocatorOptions = {}) {
    this.#hostHasIpv6 = namespace.run(hostHasIpv6);
    this.#namespace = namespace.duplicate();
    this.#relay = new LoopbackRelay(this.#namespace, options.relay);
    this.#kernelServesIpv6Loopback = options.kernelServesIpv6Loopback ?? false;
    this.#endpointName = options.endpointName ?? (() => undefined);
  }

  /**
   * Takes host ports for all mappings, or for none of them. Exact ports are taken before ranges, and ranges before automatic
   * ones; a mapping that is published on both families gets the same port on both.
   *
   * A binding whose addresses are of different families is served by the relay alone, on [::1]: the firewall cannot rewrite it.
   *
   * @param container the endpoint's addresses
   * @param defaultHostAddress where mappings that name no host address are published; default: on all addresses
   * @returns one binding for each address, in the order of the mappings, IPv4 first
   * @throws port_in_use, no_free_port, duplicate_port, host_address_not_found, no_container_address,
   *   file_descriptors_exhausted, and `invalid` for mappings that make no sense
   */
  reserve(
    endpointId: string,
    container: ContainerAddresses,
    mappings: readonly PortMapping[],
    defaultHostAddress?: string,
  ): readonly PortBinding[] {
    const context = { container, defaultHostAddress, hostHasIpv6: this.#hostHasIpv6 };
    const requests = requestsOf(mappings, context);
    const claims = this.#takeAll(endpointId, [...requests].sort(bySearchOrder));
    return requests.flatMap((request) => claims.get(request)?.map(({ binding }) => binding) ?? []);
  }

  /** Takes exactly these again, all or none: what {@link reserve} gave before the controller was restarted. Throws likewise. */
  restore(endpointId: string, bindings: readonly PortBinding[]): void {
    const hosts = new Map<string, HostAddress>();
    const requests = bindings.map((binding): PortRequest => {
      const host = hosts.get(binding.hostAddress) ?? hostAddress(binding.hostAddress);
      hosts.set(binding.hostAddress, host);
      const { protocol, containerPort, containerAddress, hostPort } = binding;
      const ports = { first: hostPort, last: hostPort };
      return { protocol, containerPort, routes: [{ host, containerAddress }], ports };
    });
    this.#takeAll(endpointId, requests);
  }

  /** Frees these ports at once, or all of the endpoint; what it does not hold is passed over. */
  release(endpointId: string, bindings?: readonly PortBinding[]): void {
    const claims = this.#claims.get(endpointId);
    if (claims === undefined) return;
    for (const key of bindings?.map(keyOf) ?? claims.keys()) {
      const claim = claims.get(key);
      if (claim === undefined) continue;
      claims.delete(key);
      this.#free([claim]);
    }
    if (claims.size === 0) this.#claims.delete(endpointId);
  }

  /** Frees every port. */
  close(): void {
    for (const endpointId of this.#claims.keys()) this.release(endpointId);
    this.#namespace[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #takeAll(endpointId: string, requests: readonly PortRequest[]): ReadonlyMap<PortRequest, readonly Claim[]> {
    const taken = new Map<PortRequest, readonly Claim[]>();
    let settings: LocalPorts | undefined;
    const localPorts = () => (settings ??= readLocalPorts());
    try {
      this.#namespace.run(() => {
        for (const request of requests) taken.set(request, this.#take(endpointId, request, localPorts));
      });
    } catch (error) {
      for (const claims of taken.values()) this.#free(claims);
      throw error;
    }
    this.#remember(endpointId, [...taken.values()].flat());
    return taken;
  }

  /** Takes the first port that will do and that nobody has, neither one of us nor another program. */
  #take(endpointId: string, request: PortRequest, localPorts: () => LocalPorts): readonly Claim[] {
    const { protocol, routes, ports } = request;
    const { ranges, excluded } =
      ports === undefined
        ? this.#roundRobin.candidates(protocol, localPorts())
        : { ranges: [ports], excluded: [] };
    const ours = routes.flatMap(({ host }) => this.#tables.of(protocol, host.family).taken(host.text));
    let refusal: CausewayError | undefined;
    for (const port of portsAmong({ ranges, excluded: [...excluded, ...ours] })) {
      try {
        const claims = this.#claim(endpointId, request, port);
        if (ports === undefined) this.#roundRobin.advance(protocol, port);
        return claims;
      } catch (error) {
        if (!(error instanceof CausewayError) || error.code !== "port_in_use") throw error;
        refusal = error;
      }
    }
    throw this.#explain(request, refusal);
  }

  /** Takes this port on all of the request's addresses. */
  #claim(endpointId: string, request: PortRequest, hostPort: number): readonly Claim[] {
    const { protocol, containerPort, routes } = request;
    const claims: Claim[] = [];
    try {
      for (const { host, containerAddress } of routes) {
        const container = { address: containerAddress, port: containerPort };
        const hold = protocol === "sctp" ? undefined : this.#hold(protocol, host, hostPort, container);
        const hostAddress = host.text;
        const binding = { protocol, containerPort, hostAddress, hostPort, containerAddress };
        claims.push({ binding: Object.freeze(binding), host, hold });
        this.#tables.of(protocol, host.family).add(hostAddress, hostPort, endpointId);
      }
      return claims;
    } catch (error) {
      this.#free(claims);
      throw error;
    }
  }

  #hold(protocol: "tcp" | "udp", host: HostAddress, port: number, container: ContainerPort): Disposable {
    const relayed =
      isRelayed(host, protocol) &&
      !(this.#kernelServesIpv6Loopback && isIP(container.address) === host.family);
    const socket = openPortSocket(protocol, host, port, relayed);
    return relayed ? this.#relay.serve(socket, protocol, container) : socket;
  }

  #free(claims: readonly Claim[]): void {
    for (const { binding, host, hold } of claims) {
      hold?.[Symbol.dispose]();
      this.#tables.of(binding.protocol, host.family).delete(binding.hostAddress, binding.hostPort);
    }
  }

  #remember(endpointId: string, claims: readonly Claim[]): void {
    if (claims.length === 0) return;
    const known = this.#claims.get(endpointId) ?? new Map<string, Claim>();
    this.#claims.set(endpointId, known);
    for (const claim of claims) known.set(keyOf(claim.binding), claim);
  }

  /** @param refusal what the last port that was tried said */
  #explain({ protocol, routes, ports }: PortRequest, refusal: CausewayError | undefined): CausewayError {
    const hosts = routes.map(({ host }) => host);
    if (ports === undefined) return noFreePort(protocol, hosts);
    if (ports.first < ports.last) return rangeInUse(protocol, hosts, ports);
    for (const host of hosts) {
      const holder = this.#tables.of(protocol, host.family).holder(host.text, ports.first);
      if (holder === undefined) continue;
      return heldByEndpoint(protocol, host, ports.first, holder, this.#endpointName(holder));
    }
    return refusal ?? rangeInUse(protocol, hosts, ports);
  }
}

function keyOf({ protocol, hostAddress, hostPort }: PortBinding): string {
  return `${protocol} ${hostAddress} ${hostPort}`;
}
