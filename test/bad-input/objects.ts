// Operations on networks and sandboxes that are not in the state for them.

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeNetwork, makeSandbox, type Refusal, refusal, withDriverOptions } from "./refusal.ts";

export const networks: readonly Refusal[] = [
  refusal(
    "forbidden",
    "network_has_endpoints",
    "deleting one with endpoints",
    /free, joined; delete them/,
    (s) => s.network.delete(),
  ),
  refusal("forbidden", "network_predefined", "deleting a predefined one", /"host" is predefined/, (s) =>
    s.controller.networkByName("host")?.delete(),
  ),
  refusal("not_found", "network_deleted", "deleting twice", /"gone" was deleted/, (s) =>
    s.deletedNetwork.delete(),
  ),
  refusal("not_found", "network_deleted", "endpoint of a deleted one", /"gone" was deleted/, (s) =>
    s.deletedNetwork.createEndpoint("new"),
  ),
  refusal("forbidden", "driver_singleton", "a second host network", /one host network.*: use it/, (s) =>
    s.controller.newNetwork("host", "new"),
  ),
  refusal(
    "conflict",
    "bridge_in_use",
    "bridge of another network",
    /bridge "br-net" is network "net"'s: choose another/,
    withDriverOptions({ bridgeName: "br-net" }),
  ),
  refusal(
    "conflict",
    "interface_name_in_use",
    "bridge name that is another link's",
    /"uplink0" is a veth of the host: choose another/,
    withDriverOptions({ bridgeName: "uplink0" }),
  ),
  refusal(
    "invalid",
    "isolated_needs_internal",
    "isolated gateway of a network that is not internal",
    /"isolated" is for internal networks: make/,
    withDriverOptions({ gatewayModeIpv4: "isolated" }),
  ),
  refusal(
    "not_found",
    "config_network_not_found",
    "options of a network that is not there",
    /config-only network "nothing": /,
    makeNetwork({ configFrom: "nothing" }),
  ),
  refusal(
    "invalid",
    "contradictory_options",
    "options besides those of a config-only network",
    /internal come from network "config": leave them out/,
    makeNetwork({ configFrom: "config", internal: true }),
  ),
  refusal(
    "forbidden",
    "network_config_only",
    "endpoint of a config-only network",
    /configFrom "config"/,
    (s) => s.controller.networkByName("config")?.createEndpoint("new"),
  ),
  refusal(
    "forbidden",
    "network_in_use_as_config",
    "deleting options in use",
    /"configured" .*: delete it/,
    (s) => s.controller.networkByName("config")?.delete(),
  ),
];

export const sandboxes: readonly Refusal[] = [
  refusal(
    "forbidden",
    "endpoint_joined",
    "deleting a joined endpoint",
    /"joined" is in sandbox "c1": /,
    (s) => s.joined.delete(),
  ),
  refusal("forbidden", "endpoint_joined", "joining twice", /"joined" is in sandbox "c1" already: /, (s) =>
    s.joined.join(s.sandbox),
  ),
  refusal("not_found", "sandbox_deleted", "joining a deleted sandbox", /"past" was deleted/, (s) =>
    s.endpoint.join(s.deletedSandbox),
  ),
  refusal(
    "not_found",
    "endpoint_deleted",
    "joining an endpoint of a deleted network",
    /"old" was deleted/,
    (s) => s.deletedEndpoint.join(s.sandbox),
  ),
  refusal("not_found", "endpoint_deleted", "deleting an endpoint twice", /"old" was deleted/, (s) =>
    s.deletedEndpoint.delete(),
  ),
  refusal("not_found", "endpoint_deleted", "publishing for a deleted endpoint", /"old" was deleted/, (s) =>
    s.deletedEndpoint.publish([{ containerPort: 80 }]),
  ),
  refusal(
    "conflict",
    "endpoint_not_joined",
    "leaving without having joined",
    /"free" is not in sandbox "c1"/,
    (s) => s.endpoint.leave(s.sandbox),
  ),
  refusal("not_found", "sandbox_deleted", "deleting a sandbox twice", /"past" was deleted/, (s) =>
    s.deletedSandbox.delete(),
  ),
  refusal("not_found", "sandbox_deleted", "a process in a deleted sandbox", /"past" was deleted/, (s) =>
    s.deletedSandbox.spawn("true"),
  ),
  refusal("not_found", "sandbox_not_found", "destroying what is not there", /"nobody" has no sandbox/, (s) =>
    s.controller.sandboxDestroy("nobody"),
  ),
  refusal(
    "forbidden",
    "sandbox_shared",
    "connecting who shares another's stack",
    /network of "c1": join there/,
    (s) => s.endpoint.join(s.sharer),
  ),
  refusal(
    "forbidden",
    "sandbox_shared",
    "refreshing who shares another's stack",
    /"c1": refresh there/,
    (s) => s.sharer.refresh(),
  ),
  refusal(
    "not_found",
    "container_not_found",
    "sharing with nobody",
    /no container "nobody"/,
    makeSandbox({ shareWith: "nobody" }),
  ),
  refusal(
    "forbidden",
    "sandbox_of_host",
    "host's stack into a bridge network",
    /"hostly" uses the host's network/,
    (s) => s.endpoint.join(s.hostSandbox),
  ),
  refusal(
    "invalid",
    "contradictory_options",
    "two sources of a stack",
    /useHostNetwork and shareWith .*: give one/,
    makeSandbox({ useHostNetwork: true, shareWith: "c1" }),
  ),
  refusal(
    "not_found",
    "namespace_not_found",
    "key that leads nowhere",
    /\/nowhere\/ns/,
    makeSandbox({ key: "/nowhere/ns" }),
  ),
  refusal(
    "not_found",
    "namespace_not_found",
    "key that is a FIFO to which nobody writes",
    /fifo.*: give the path/,
    (s) => {
      const key = join(s.host.directory, "fifo");
      execFileSync("mkfifo", [key]);
      return s.controller.newSandbox("new", { key }).finally(() => rmSync(key));
    },
  ),
  refusal(
    "not_found",
    "namespace_not_found",
    "key that is no namespace",
    /no network namespace at \/etc\/passwd: give/,
    makeSandbox({ key: "/etc/passwd" }),
  ),
  refusal(
    "invalid",
    "invalid_path",
    "key that is no path",
    /"ns1" is not an absolute path/,
    makeSandbox({ key: "ns1" }),
  ),
  refusal(
    "invalid",
    "invalid_path",
    "key that C would end before its end",
    /key: "\/proc\/self\/ns\/net\\u0000x" is not an absolute path/,
    (s) => s.sandbox.setKey("/proc/self/ns/net\0x"),
  ),
  refusal("conflict", "sandbox_has_key", "a second key", /"c1" has a namespace already/, (s) =>
    s.sandbox.setKey("/proc/self/ns/net"),
  ),
];
