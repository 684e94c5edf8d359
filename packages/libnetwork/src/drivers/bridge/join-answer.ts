/**
 * What the model is to make of an endpoint that joins: its interface, the gateways, how it is announced. Pure.
 */
import { addressOf } from "../../address/cidr.ts";
import type { IpamData, JoinAnswer } from "../../contracts/driver.ts";
import type { GatewayMode } from "../../contracts/firewall.ts";
import { hostEndName, portSettings } from "./host-end.ts";
import type { BridgeEndpoint, BridgeNetwork } from "./networks.ts";

/** @param filtered there is a packet filter to look at what comes in by its port */
export function joinAnswer(network: BridgeNetwork, endpoint: BridgeEndpoint, filtered: boolean): JoinAnswer {
  const { spec } = endpoint;
  const { bridge, neighbours, options } = network;
  const { ipv4, ipv6, internal } = network.spec;
  const gatewayOf = (data: IpamData | undefined, mode: GatewayMode) =>
    internal || mode === "isolated" || data?.gateway === undefined ? undefined : addressOf(data.gateway);
  const gatewayIpv4 = gatewayOf(ipv4[0], options.gatewayModeIpv4);
  const gatewayIpv6 = gatewayOf(ipv6[0], options.gatewayModeIpv6);
  return {
    interface: {
      plan: {
        kind: "veth",
        hostName: hostEndName(spec.id),
        bridgeIndex: bridge.index,
        port: portSettings(network, endpoint, filtered),
      },
      prefix: options.interfacePrefix,
      mtu: options.mtu,
      announce: {
        count: options.advertiseCount,
        intervalMs: options.advertiseIntervalMs,
        // Neighbours that a bridge of somebody else's leads to may remember anything.
        urgent: bridge.foreign || neighbours.mayBeWrong(spec.interface),
      },
    },
    gatewayIpv4,
    gatewayIpv6,
    staticRoutes: [],
    // Where there is none, for want of addresses, nobody asked for a way out.
    ...(gatewayIpv4 === undefined && gatewayIpv6 === undefined && { disableGatewayService: true }),
  };
}
