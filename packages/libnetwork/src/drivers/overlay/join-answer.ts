/**
 * What the model is to make of an endpoint that joins. Pure.
 */
import type { JoinAnswer } from "../../contracts/driver.ts";
import { endpointBridgePort } from "./bridge-ports.ts";
import { hostEndName } from "./host-end.ts";
import { routesBetween } from "./network-plan.ts";
import type { OverlayEndpoint, OverlayNetwork } from "./networks.ts";
import type { Segment } from "./segment.ts";

/** Neighbours on other hosts are told by the cluster; these are for those beside it. */
const announcements = { count: 3, intervalMs: 1000 } as const;

export function joinAnswer(
  network: OverlayNetwork,
  { spec }: OverlayEndpoint,
  { place, bridge, guard }: Segment,
  mtu: number,
): JoinAnswer {
  const { spec: networkSpec, options, neighbours } = network;
  return {
    interface: {
      plan: {
        kind: "veth",
        hostName: hostEndName(spec.id),
        bridgeIndex: bridge,
        bridgeNamespace: place,
        port: endpointBridgePort(network, guard),
      },
      prefix: options.interfacePrefix,
      mtu,
      announce: { ...announcements, urgent: neighbours.mayBeWrong(spec.interface) },
    },
    // The way out is the gateway bridge's.
    gatewayIpv4: undefined,
    gatewayIpv6: undefined,
    staticRoutes: routesBetween(networkSpec, spec.interface),
    ...(networkSpec.internal && { disableGatewayService: true }),
  };
}
