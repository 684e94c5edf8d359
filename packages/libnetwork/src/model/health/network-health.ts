/**
 * A network: what its driver made of it, and what of the host is in its way.
 */
import { addressOf, parseCidr } from "../../address/cidr.ts";
import { tryParseIp } from "../../address/ip.ts";
import type { HealthItem, SubjectOf } from "../../contracts/health.ts";
import type { NetworkCore } from "../network-core.ts";
import { restoreNetworkInDriver } from "../restore.ts";
import { restoreInDriver } from "../withheld-ports.ts";
import { notRestoredItem } from "./not-restored.ts";
import type { SubjectHealth } from "./subject-health.ts";

type NetworkSubject = SubjectOf<"network">;

export const networkHealth: SubjectHealth<NetworkSubject> = {
  keys: (_, { id }) => [id],

  inspect(engine, subject) {
    const network = engine.networks.byId(subject.id);
    const problem = engine.unrestored.get(subject.id);
    if (problem !== undefined) return [notRestoredItem(subject, problem.error, network !== undefined)];
    if (network === undefined || network.configOnly) return [];
    return [
      ...shadowed(network, subject),
      ...(network.driver.health?.inspectNetwork(network.id) ?? []),
      ...nameServers(network),
    ];
  },

  async mend(engine, { id }) {
    const network = engine.networks.byId(id);
    if (network === undefined) return;
    if (!engine.unrestored.has(id)) return network.driver.health?.mendNetwork(id);
    await restoreNetworkInDriver(network);
    engine.unrestored.delete(id);
    for (const endpoint of network.endpoints) {
      // One whose ports are somebody else's is told of by itself.
      await restoreInDriver(endpoint).then(
        () => engine.unrestored.delete(endpoint.id),
        (error: unknown) => engine.unrestored.set(endpoint.id, { ...endpointOf(endpoint), error }),
      );
    }
    engine.global?.tellPeersAgain(network);
  },
};

const endpointOf = ({ id, name }: { readonly id: string; readonly name: string }) =>
  ({ kind: "endpoint", id, name }) as const;

/** A network of the cluster that another host made under a name that this host had already. */
function shadowed({ engine, id, name }: NetworkCore, subject: NetworkSubject): readonly HealthItem[] {
  const found = engine.networks.byName(name);
  if (found === undefined || found.id === id) return [];
  return [
    {
      code: "network_shadowed",
      nature: "foreign",
      subject,
      message: `this host has another network "${name}" (${found.id}), which is found by the name: this one is found by its id only`,
      mend: "use the id, or delete one of them and make it anew under another name",
      repairable: false,
    },
  ];
}

/** A name server that the host has inside the network, where it is not in truth: it is not reached any more. */
function nameServers(network: NetworkCore): readonly HealthItem[] {
  const { id, name, record, endpoints, engine } = network;
  const subnets = record.pools.filter(({ pool }) => pool !== "").map(({ pool }) => parseCidr(pool));
  if (subnets.length === 0) return [];
  const deliberate = () => {
    const ends = [...endpoints].flatMap(({ record: { interface: own } }) => [own.ipv4, own.ipv6]);
    return [...ends, ...record.pools.map(({ gateway }) => gateway)]
      .filter((cidr) => cidr !== undefined)
      .map(addressOf);
  };
  return engine.parts.netstack.hostNameServers().flatMap((server) => {
    const address = tryParseIp(server);
    const subnet = subnets.find(
      (one) => address !== undefined && one.family === address.family && one.contains(address),
    );
    if (subnet === undefined || deliberate().includes(server)) return [];
    return [
      {
        code: "name_server_overlap",
        nature: "foreign",
        subject: { kind: "network", id, name },
        message: `the host's name server ${server} is in the network's subnet ${subnet}: the host does not reach it any more`,
        mend: "make the network anew with another subnet, or give the host another name server",
        repairable: false,
      },
    ];
  });
}
