// Networks: made and deleted.

import fc from "fast-check";
import { byKey, type ModelNetwork } from "../model.ts";
import { type Command, pick } from "./command.ts";

type NewNetwork = Omit<ModelNetwork, "type">;

const newNetwork: Command<Omit<NewNetwork, "key">, NewNetwork, true> = {
  draw: fc.record({
    name: fc.constantFrom("n1", "n2", "n3", "n4"),
    subnet: fc.integer({ min: 1, max: 5 }),
    ipv4: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
    ipv6: fc.boolean(),
    internal: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
    icc: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    mode: fc.constantFrom("nat", "nat", "nat", "routed", "isolated"),
  }),
  aim: (draw, _model, newKey) => ({ key: newKey(), ...draw }),
  refusal({ networks }, { name, ipv4, ipv6, internal, mode, subnet }) {
    if (networks.some((network) => network.name === name)) return "network_name_in_use";
    if (!ipv4 && !ipv6) return "no_address_family";
    if (mode === "isolated" && !internal) return "isolated_needs_internal";
    const overlaps = (network: ModelNetwork) =>
      network.subnet === subnet && ((network.ipv4 && ipv4) || (network.ipv6 && ipv6));
    return networks.some(overlaps) ? "pool_overlap" : undefined;
  },
  apply({ networks }, wish) {
    networks.push({ type: "bridge", ...wish });
  },
  async perform(hands, { key, name, subnet, ipv4, ipv6, internal, icc, mode }) {
    const config = [
      ...(ipv4 ? [{ subnet: `172.30.${subnet}.0/24` }] : []),
      ...(ipv6 ? [{ subnet: `fd00:${subnet}::/64` }] : []),
    ];
    const network = await hands.controller.newNetwork("bridge", name, {
      ipam: { config },
      ipv4,
      ipv6,
      internal,
      driverOptions: { icc, gatewayModeIpv4: mode, gatewayModeIpv6: mode },
    });
    hands.hold(key, network);
    return true;
  },
  recover: ({ controller }, { name }) => (controller.networkByName(name) === undefined ? undefined : true),
};

const deleteNetwork: Command<number, { readonly network: number }, void> = {
  draw: fc.nat(),
  aim(draw, { networks }) {
    const network = pick(networks, draw);
    return network && { network: network.key };
  },
  refusal({ networks, endpoints }, { network: key }) {
    const network = byKey(networks, key);
    if (network === undefined) return "network_deleted";
    if (network.type !== "bridge") return "network_predefined";
    return endpoints.some((endpoint) => endpoint.network === key) ? "network_has_endpoints" : undefined;
  },
  apply(model, { network }) {
    model.networks = model.networks.filter(({ key }) => key !== network);
  },
  perform: (hands, { network }) => hands.network(network).delete(),
};

export const networkCommands = { newNetwork, deleteNetwork };
