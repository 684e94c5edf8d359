/**
 * EndpointPorts: the ports that endpoints publish, from the reservation at the host to the rules that lead them in.
 */
import type { Rtnl } from "@causeway/kernel";
import { addressOf } from "../../address/cidr.ts";
import { familyOf } from "../../address/ip.ts";
import type { ConnectionTable } from "../../contracts/connections.ts";
import type { EndpointSpec, PortBinding, PortMapping, WithheldBinding } from "../../contracts/driver.ts";
import type { Firewall } from "../../contracts/firewall.ts";
import type { PortReservations } from "../../contracts/ports.ts";
import { invalid } from "../../errors.ts";
import { setHairpin } from "./host-end.ts";
import type { BridgeEndpoint, BridgeNetwork } from "./networks.ts";
import { publishedPorts } from "./policies.ts";
import { planPublishing } from "./publishing.ts";
import { forgetPublished, forgetUnanswered, unanswered } from "./stale-connections.ts";

interface EndpointPortsParts {
  readonly rtnl: Rtnl;
  readonly connections: ConnectionTable;
  readonly firewall: Firewall;
  readonly ports: PortReservations;
}

export class EndpointPorts {
  readonly #parts: EndpointPortsParts;

  constructor(parts: EndpointPortsParts) {
    this.#parts = parts;
  }

  /**
   * Reserves host ports; those of routed families need none.
   *
   * @throws publish_internal, publish_loopback_routed, port_in_use ...
   */
  reserve(
    { spec, options, routed }: BridgeNetwork,
    { id, interface: { ipv4, ipv6 } }: EndpointSpec,
    wanted: readonly PortMapping[],
  ): readonly PortBinding[] {
    if (wanted.length === 0) return [];
    if (spec.internal) {
      const message = `network "${spec.name}" is internal: nothing can be published from it; use a network that is not`;
      throw invalid("publish_internal", message);
    }
    const addresses = {
      ...(ipv4 === undefined ? {} : { ipv4: addressOf(ipv4) }),
      ...(ipv6 === undefined ? {} : { ipv6: addressOf(ipv6) }),
    };
    const { hostBindingIpv4: defaultHostAddress } = options;
    const { opened, mapped, container } = planPublishing(wanted, addresses, { routed, defaultHostAddress });
    if (mapped.length === 0) return opened;
    return [...this.#parts.ports.reserve(id, container, mapped, defaultHostAddress), ...opened];
  }

  /** Takes up again, after a restart, what was reserved before. Answers what cannot be had. */
  restore(
    { routed }: BridgeNetwork,
    endpointId: string,
    bindings: readonly PortBinding[],
  ): readonly WithheldBinding[] {
    const { ports } = this.#parts;
    const mapped = bindings.filter(({ containerAddress }) => !routed.has(familyOf(containerAddress)));
    if (refusal(() => ports.restore(endpointId, mapped)) === undefined) return [];
    // A port of all addresses stands in two bindings, one a family: with one of them alone it could not be published anew.
    return [...Map.groupBy(mapped, portKey).values()].flatMap((together) => {
      const refused = refusal(() => ports.restore(endpointId, together));
      return refused === undefined ? [] : together.map((binding) => ({ binding, ...refused }));
    });
  }

  /** Gives back all that an endpoint holds. */
  release(endpointId: string): void {
    this.#parts.ports.release(endpointId);
  }

  /** Publishes more ports of an endpoint that is there. On an exception nothing is left. */
  add(network: BridgeNetwork, endpoint: BridgeEndpoint, mappings: readonly PortMapping[]): void {
    const { ports } = this.#parts;
    const { spec } = endpoint;
    const added = this.reserve(network, spec, mappings);
    try {
      if (endpoint.joined) this.#open(network, endpoint, added);
    } catch (error) {
      ports.release(spec.id, added);
      throw error;
    }
    endpoint.bindings = [...endpoint.bindings, ...added];
  }

  /** Takes up what was reserved in an earlier run and could not be taken up when this one began. On an exception nothing is left. */
  reclaim(
    network: BridgeNetwork,
    endpoint: BridgeEndpoint,
    bindings: readonly PortBinding[],
  ): readonly WithheldBinding[] {
    const { id } = endpoint.spec;
    const withheld = this.restore(network, id, bindings);
    const refused = new Set(withheld.map(({ binding }) => binding));
    const held = bindings.filter((binding) => !refused.has(binding));
    try {
      if (endpoint.joined && held.length > 0) this.#open(network, endpoint, held);
    } catch (error) {
      this.#parts.ports.release(id, held);
      throw error;
    }
    endpoint.bindings = [...endpoint.bindings, ...held];
    return withheld;
  }

  #open(
    { policy, routed }: BridgeNetwork,
    { spec, bindings: others }: BridgeEndpoint,
    bindings: readonly PortBinding[],
  ): void {
    const { connections, firewall, rtnl } = this.#parts;
    const before = unanswered(rtnl, bindings);
    try {
      setHairpin(rtnl, spec.id, true);
      firewall.apply({ add: { published: publishedPorts(bindings, policy.bridge, routed) } });
    } catch (error) {
      if (others.length === 0) setHairpin(rtnl, spec.id, false);
      throw error;
    }
    forgetUnanswered(connections, before);
  }

  /** Takes ports back; connections through them end. */
  async remove(
    { policy, routed }: BridgeNetwork,
    endpoint: BridgeEndpoint,
    bindings: readonly PortBinding[],
  ): Promise<void> {
    const { connections, firewall, ports, rtnl } = this.#parts;
    const going = new Set(bindings.map(bindingKey));
    const removed = endpoint.bindings.filter((binding) => going.has(bindingKey(binding)));
    if (endpoint.joined) {
      firewall.apply({ remove: { published: publishedPorts(removed, policy.bridge, routed) } });
    }
    // While the reaper looks for the connections, the ports are closed.
    const forgotten = endpoint.joined ? forgetPublished(connections, removed) : undefined;
    ports.release(endpoint.spec.id, removed);
    endpoint.bindings = endpoint.bindings.filter((binding) => !going.has(bindingKey(binding)));
    if (endpoint.joined && endpoint.bindings.length === 0) setHairpin(rtnl, endpoint.spec.id, false);
    await forgotten;
  }
}

/** What an action was refused with; undefined where it was not. */
function refusal(action: () => void): { readonly error: unknown } | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return { error };
  }
}

function portKey({ protocol, hostPort, containerPort }: PortBinding): string {
  return `${protocol} ${hostPort} ${containerPort}`;
}

function bindingKey({ protocol, hostAddress, hostPort }: PortBinding): string {
  return `${protocol} ${hostAddress} ${hostPort}`;
}
