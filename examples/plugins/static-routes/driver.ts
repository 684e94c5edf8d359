// The plugin: a network is a bridge, an endpoint a veth pair, and what `-o routes=...` says stands in every container of the network.
//
//   routes=10.99.0.0/16 via 10.50.0.254,10.98.0.0/16     by a next hop; on the link
//
// Nothing is kept in memory: the bridge's alias in the kernel says what its network's containers get, a host end's alias whose it is.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  connectedRoute,
  isCidr,
  isInternal,
  type NetworkDriverHandlers,
  nextHopRoute,
  userOptions,
} from "@causeway/plugin-sdk";

const run = promisify(execFile);
const ip = async (...words: string[]) => (await run("ip", words)).stdout;

const bridgeOf = (networkId: string) => `sr-${networkId.slice(0, 12)}`;
const hostEnd = (endpointId: string) => `srh${endpointId.slice(0, 12)}`;
const farEnd = (endpointId: string) => `srf${endpointId.slice(0, 12)}`;

export const staticRoutes: NetworkDriverHandlers = {
  async createNetwork({ NetworkID, Options, IPv4Data: [pool] }) {
    const { routes = "" } = userOptions(Options);
    readRoutes(routes);
    const bridge = bridgeOf(NetworkID);
    const gateway = isInternal(Options) ? "" : (pool?.Gateway ?? "");
    await ip("link", "add", bridge, "type", "bridge");
    try {
      await ip("link", "set", bridge, "up", "alias", JSON.stringify([gateway.split("/")[0], routes]));
      if (gateway !== "") await ip("address", "add", gateway, "dev", bridge);
    } catch (error) {
      await remove(bridge);
      throw error;
    }
  },

  deleteNetwork: ({ NetworkID }) => remove(bridgeOf(NetworkID)),

  async createEndpoint({ NetworkID, EndpointID, Interface }) {
    const near = [hostEnd(EndpointID), "up", "master", bridgeOf(NetworkID)];
    const mac = Interface?.MacAddress ? ["address", Interface.MacAddress] : [];
    await ip("link", "add", ...near, "type", "veth", "peer", "name", farEnd(EndpointID), ...mac);
    await ip("link", "set", hostEnd(EndpointID), "alias", Interface?.Address.split("/")[0] ?? "");
    return {};
  },

  deleteEndpoint: ({ EndpointID }) => remove(hostEnd(EndpointID)),

  async join({ NetworkID, EndpointID }) {
    await ip("link", "show", farEnd(EndpointID));
    const [Gateway, routes] = JSON.parse(await aliasOf(bridgeOf(NetworkID)));
    const own = await aliasOf(hostEnd(EndpointID));
    // The next hop itself does not go by itself.
    const StaticRoutes = readRoutes(routes).filter(({ NextHop }) => NextHop === "" || NextHop !== own);
    return { InterfaceName: { SrcName: farEnd(EndpointID), DstPrefix: "eth" }, Gateway, StaticRoutes };
  },

  // The caller has put the interface back where it was.
  leave() {},
};

function readRoutes(text: string) {
  return text
    .split(",")
    .filter((route) => route.trim() !== "")
    .map((route) => {
      const [, Destination = "", NextHop = ""] = route.trim().match(/^(\S+)(?: via (\S+))?$/) ?? [];
      if (!isCidr(Destination))
        throw new Error(`routes: "${route}" is no CIDR, with or without "via ADDRESS"`);
      return { Destination, NextHop, RouteType: NextHop === "" ? connectedRoute : nextHopRoute };
    });
}

async function aliasOf(link: string): Promise<string> {
  const [{ ifalias = "" }] = JSON.parse(await ip("-json", "link", "show", link));
  return ifalias;
}

/** What is gone already was taken away with its container. */
async function remove(link: string): Promise<void> {
  await ip("link", "delete", link).catch((error) => {
    if (!/Cannot find device/.test(String(error))) throw error;
  });
}
