// The plugin: a network is an OVS bridge, an endpoint one of its internal ports.
//
//   -o vlan=7                  its endpoints, and the host's place in it, are in VLAN 7; an endpoint's own: --driver-opt vlan=8
//   -o datapath=netdev         of the bridge: netdev (in ovs-vswitchd) or system (in the kernel)

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { isInternal, type NetworkDriverHandlers, userOptions } from "@causeway/plugin-sdk";
import type { Ovsdb } from "./ovsdb.ts";
import { type Bridge, Switch } from "./switch.ts";

const run = promisify(execFile);
const datapaths = ["netdev", "system"];

/** Names of links have 15 bytes. */
const bridgeOf = (networkId: string) => `ovs-${networkId.slice(0, 11)}`;
const portOf = (endpointId: string) => `ovp-${endpointId.slice(0, 11)}`;
const noteOf = (endpointId: string) => `endpoint-${endpointId}`;

/** What is noted of an endpoint, as JSON. */
interface Noted {
  readonly mac: string;
  readonly vlan?: number | undefined;
}

/** @param datapath of networks that name none */
export function openVswitch(database: Ovsdb, datapath: string): NetworkDriverHandlers {
  const ovs = new Switch(database);

  const bridgeFor = async (networkId: string): Promise<Bridge> => {
    const bridge = await ovs.bridge(bridgeOf(networkId));
    if (bridge?.notes.network !== networkId) throw new Error(`there is no network ${networkId}`);
    return bridge;
  };

  const notedOf = ({ notes }: Bridge, endpointId: string): Noted => {
    const noted = notes[noteOf(endpointId)];
    if (noted === undefined) throw new Error(`there is no endpoint ${endpointId}`);
    return JSON.parse(noted);
  };

  return {
    async createNetwork({ NetworkID, Options, IPv4Data, IPv6Data }) {
      const options = userOptions(Options);
      const vlan = vlanIn(options.vlan);
      const type = options.datapath ?? datapath;
      if (!datapaths.includes(type))
        throw new Error(`datapath "${type}": there are ${datapaths.join(" and ")}`);
      const name = bridgeOf(NetworkID);
      // Asked twice: the connection broke before the answer.
      if ((await ovs.bridge(name)) !== undefined) return;
      const pools = isInternal(Options) ? [] : [...IPv4Data, ...IPv6Data];
      const gateways = pools.map(({ Gateway }) => Gateway).filter((gateway) => gateway !== "");
      const notes = { network: NetworkID, gateways: gateways.join(), vlan: String(vlan ?? "") };
      await ovs.addBridge({ name, notes }, type, { vlan });
      try {
        for (const gateway of gateways) await run("ip", ["address", "add", gateway, "dev", name, "nodad"]);
        await run("ip", ["link", "set", name, "up"]);
      } catch (error) {
        await ovs.removeBridge(name);
        throw error;
      }
    },

    async deleteNetwork({ NetworkID }) {
      const { name, notes } = await bridgeFor(NetworkID);
      const endpoints = Object.keys(notes).filter((note) => note.startsWith(noteOf("")));
      if (endpoints.length > 0) throw new Error(`the network ${NetworkID} has ${endpoints.join(", ")}`);
      await ovs.removeBridge(name);
    },

    async createEndpoint({ NetworkID, EndpointID, Interface, Options }) {
      const { name, notes } = await bridgeFor(NetworkID);
      const given = Interface?.MacAddress ?? "";
      const mac = given === "" ? macFor(Interface?.Address || EndpointID) : given;
      const noted: Noted = { mac, vlan: vlanIn(Options.vlan) ?? vlanIn(notes.vlan) };
      await ovs.note(name, { [noteOf(EndpointID)]: JSON.stringify(noted) });
      return given === "" ? { Interface: { MacAddress: mac } } : {};
    },

    async deleteEndpoint({ NetworkID, EndpointID }) {
      const { name } = await bridgeFor(NetworkID);
      await ovs.removePort(name, portOf(EndpointID));
      await ovs.forget(name, noteOf(EndpointID));
    },

    async endpointOperInfo({ NetworkID, EndpointID }) {
      const bridge = await bridgeFor(NetworkID);
      return { Value: { bridge: bridge.name, port: portOf(EndpointID), ...notedOf(bridge, EndpointID) } };
    },

    async join({ NetworkID, EndpointID }) {
      const bridge = await bridgeFor(NetworkID);
      const SrcName = portOf(EndpointID);
      await ovs.addPort(bridge.name, SrcName, notedOf(bridge, EndpointID));
      const gateways = (bridge.notes.gateways ?? "").split(",").map((gateway) => gateway.split("/")[0] ?? "");
      return {
        InterfaceName: { SrcName, DstPrefix: "eth" },
        Gateway: gateways.find((gateway) => gateway.includes(".")) ?? "",
        GatewayIPv6: gateways.find((gateway) => gateway.includes(":")) ?? "",
        // Without a gateway it is an internal network.
        DisableGatewayService: gateways.join("") === "",
      };
    },

    async leave({ NetworkID, EndpointID }) {
      const { name } = await bridgeFor(NetworkID);
      await ovs.removePort(name, portOf(EndpointID));
    },
  };
}

/** @throws Error for what is no VLAN */
function vlanIn(value: unknown): number | undefined {
  if (value === undefined || value === "") return undefined;
  const vlan = Number(value);
  if (Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094) return vlan;
  throw new Error(`vlan "${value}" is none: 1 to 4094`);
}

/** Locally administered, and the same for the same address: neighbours that know it need not ask when a container starts again. */
function macFor(text: string): string {
  const digest = createHash("sha256").update(text).digest();
  return ["02", "42", ...[...digest.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"))].join(
    ":",
  );
}
