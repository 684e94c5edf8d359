/**
 * The gateway bridge (docker_gwbridge's role), and endpoints on it. The network is made when the first sandbox needs it, and an opening
 * controller takes it away again where no sandbox has an endpoint on it.
 */
import type { PortMapping } from "../../contracts/driver.ts";
import { conflict } from "../../errors.ts";
import type { DefaultNetworkOptions } from "../controller-options.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { prepareEndpoint } from "../endpoint-maker.ts";
import type { Engine } from "../engine.ts";
import type { NetworkCore } from "../network-core.ts";
import { makeNetwork } from "../network-maker.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import type { UndoStack } from "../undo.ts";

/** Every other endpoint with a gateway goes before it. */
const lastPriority = -2147483648;
const defaultName = "causeway_gwbridge";
/** The kernel takes at most 15 characters. */
const defaultBridgeName = "causeway_gw";

/** Makes the endpoint by which a sandbox gets out; it has not joined yet. */
export async function makeGateway(
  engine: Engine,
  options: DefaultNetworkOptions,
  sandbox: SandboxCore,
  publish: readonly PortMapping[],
  undo: UndoStack,
): Promise<EndpointCore> {
  // Whoever waits for this key holds no other that somebody with it could wait for.
  const network = await engine.exclusively(["gateway bridge"], () => gatewayNetwork(engine, options));
  const name = `gateway_${sandbox.id.slice(0, 12)}`;
  const wish = { publish, gatewayPriority: lastPriority };
  return prepareEndpoint(network, name, wish, undo, { gateway: true });
}

async function gatewayNetwork(engine: Engine, options: DefaultNetworkOptions): Promise<NetworkCore> {
  const { name = defaultName, subnet, subnetIpv6, driverOptions = {} } = options;
  const there = engine.networks.byName(name);
  if (there?.record.gatewayBridge === true) return there;
  if (there !== undefined) {
    const message = `there is a network "${name}" that is not the gateway bridge: delete it, or choose another name by the controller's gatewayNetwork`;
    throw conflict("network_name_in_use", message, name);
  }
  const config = [subnet, subnetIpv6]
    .filter((given) => given !== undefined)
    .map((given) => ({ subnet: given }));
  const bridge = bridgeName(engine, options);
  const wish = {
    driver: "bridge",
    name,
    options: {
      driverOptions: { icc: false, ...(bridge !== undefined && { bridgeName: bridge }), ...driverOptions },
      ipam: { config },
    },
  };
  return makeNetwork(engine, wish, { predefined: true, gatewayBridge: true });
}

/** One of its own where somebody has ours: a bridge that is there would be used. */
function bridgeName({ parts }: Engine, { bridgeName: chosen }: DefaultNetworkOptions): string | undefined {
  if (chosen !== undefined) return chosen;
  const links = parts.netstack.interfaces();
  return links.some(({ name }) => name === defaultBridgeName) ? undefined : defaultBridgeName;
}
