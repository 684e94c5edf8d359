/**
 * The sandbox of a container: made with all of its networks, or not at all.
 */
import {
  invalid,
  type Network,
  type NetworkController,
  notFound,
  type Sandbox,
  type SandboxOptions,
  suggestion,
} from "@causeway/libnetwork";
import type { ContainerCreate, ContainerNetwork } from "../api/index.ts";
import { containerLabel, containerNameLabel } from "./contract.ts";
import { labelsOfPorts } from "./ports.ts";

export interface SandboxWish {
  readonly id: string;
  /** Of its endpoints. */
  readonly name: string;
  readonly networks: readonly ContainerNetwork[];
  readonly publish: NonNullable<ContainerNetwork["publish"]>;
  readonly options: SandboxOptions;
}

interface Planned {
  readonly network: Network;
  readonly endpoint: Omit<ContainerNetwork, "network">;
}

/** @throws network_not_found, no_default_network, contradictory_options, and what the library refuses */
export async function makeSandbox(controller: NetworkController, wish: SandboxWish): Promise<Sandbox> {
  const { id, name } = wish;
  const options = withPorts(wish);
  if (options.shareWith !== undefined) return controller.newSandbox(id, options);
  const [first, ...others] = planned(controller, wish);
  if (first === undefined) return controller.newSandbox(id, options);
  const useHostNetwork = first.network.type === "host";
  const { sandbox } = await controller.attach(first.network, {
    containerId: id,
    endpointName: name,
    endpoint: first.endpoint,
    sandbox: useHostNetwork ? { ...options, useHostNetwork } : options,
  });
  try {
    for (const { network, endpoint } of others) await network.connect(sandbox, name, endpoint);
    return sandbox;
  } catch (error) {
    await sandbox.delete({ endpoints: "delete" });
    throw error;
  }
}

function withPorts({ options, publish }: SandboxWish): SandboxOptions {
  return { ...options, labels: { ...options.labels, ...labelsOfPorts(publish) } };
}

/** @throws network_not_found */
export function networkOf(controller: NetworkController, reference: string): Network {
  const network = controller.findNetwork(reference);
  if (network !== undefined) return network;
  const names = controller.networks().map((known) => known.name);
  throw notFound(
    "network_not_found",
    `network ${reference} not found${suggestion(reference, names)}`,
    reference,
  );
}

function planned(controller: NetworkController, { networks, publish }: SandboxWish): readonly Planned[] {
  const wanted = networks.length > 0 ? networks : [{ network: defaultNetwork(controller).id }];
  const plan = wanted.map(({ network, ...endpoint }) => ({
    network: networkOf(controller, network),
    endpoint,
  }));
  const alone = plan.find(({ network }) => network.type === "host" || network.type === "null");
  if (alone !== undefined && plan.length > 1) {
    const message = `network ${alone.network.name} stands alone: leave the others out`;
    throw invalid("contradictory_options", message, alone.network.name);
  }
  const publishing = publish.length > 0 ? publishingAt(plan) : -1;
  return plan.map(({ network, endpoint }, at) => ({
    network,
    endpoint:
      at === publishing ? { ...endpoint, publish: [...(endpoint.publish ?? []), ...publish] } : endpoint,
  }));
}

/** Where ports are published: by which network traffic comes in is for the user to say, by its priority. */
function publishingAt(plan: readonly Planned[]): number {
  const reachable = plan.filter(({ network }) => !network.internal);
  const [best] = (reachable.length > 0 ? reachable : plan).toSorted(
    (one, other) => (other.endpoint.gatewayPriority ?? 0) - (one.endpoint.gatewayPriority ?? 0),
  );
  return best === undefined ? -1 : plan.indexOf(best);
}

function defaultNetwork(controller: NetworkController): Network {
  const network = controller
    .networks()
    .find(({ predefined, gatewayBridge, type }) => predefined && !gatewayBridge && type === "bridge");
  if (network !== undefined) return network;
  throw invalid("no_default_network", "this daemon has no default network: name one with --network");
}

/** What a container asks of its sandbox. */
export function sandboxOptions(
  request: ContainerCreate,
  name: string,
  shared: Sandbox | undefined,
  hostname: string | undefined,
) {
  const { kind, domainname, extraHosts, dns, dnsSearch, dnsOptions } = request;
  const labels = { [containerLabel]: kind, [containerNameLabel]: name };
  if (shared !== undefined) return { labels, shareWith: shared.id };
  return {
    labels,
    ...(hostname !== undefined && { hostname }),
    ...(domainname !== undefined && { domainname }),
    ...(extraHosts !== undefined && { extraHosts }),
    ...(dns !== undefined && { dns }),
    ...(dnsSearch !== undefined && { dnsSearch }),
    ...(dnsOptions !== undefined && { dnsOptions }),
  };
}
