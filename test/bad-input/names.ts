// Names that are not, and names of nothing: objects, drivers, options.

import {
  loose,
  makeEndpoint,
  makeNetwork,
  makeSandbox,
  type Refusal,
  refusal,
  withDriverOptions,
  withSubnet,
} from "./refusal.ts";

const badNames: readonly (readonly [name: string, why: RegExp])[] = [
  ["", /"" is empty; use 1 to 128 characters/],
  ["x".repeat(129), /has 129 characters; use 1 to 128/],
  ["a/b", /"a\/b" has a slash; use .* without "\/"/],
  ["a\0b", /"a\\u0000b" has a control character; use/],
  ["a\x1bb", /"a\\u001bb" has a control character; use/],
];

export const names: readonly Refusal[] = [
  ...badNames.flatMap(([name, why]) => {
    const shown = JSON.stringify(name).slice(0, 12);
    return [
      refusal("invalid", "invalid_name", `network named ${shown}`, why, makeNetwork({}, name)),
      refusal("invalid", "invalid_name", `endpoint named ${shown}`, why, makeEndpoint({}, name)),
      refusal("invalid", "invalid_name", `container named ${shown}`, why, makeSandbox({}, name)),
      refusal("invalid", "invalid_name", `attached container named ${shown}`, why, (scene) =>
        scene.controller.attach(scene.network, { containerId: name }),
      ),
      refusal("invalid", "invalid_name", `container renamed to ${shown}`, why, (scene) =>
        scene.sandbox.rename(name),
      ),
    ];
  }),
  refusal("invalid", "invalid_name", "network with a number for a name", /7 is not a text; use/, (scene) =>
    scene.controller.newNetwork("bridge", loose(Object(7))),
  ),
  refusal(
    "conflict",
    "network_name_in_use",
    "network name taken",
    /"net" already: choose another/,
    makeNetwork({}, "net"),
  ),
  refusal(
    "conflict",
    "endpoint_name_in_use",
    "endpoint name taken",
    /"joined": choose another/,
    makeEndpoint({}, "joined"),
  ),
  refusal(
    "conflict",
    "sandbox_exists",
    "container id taken",
    /"c1" .*: choose another/,
    makeSandbox({}, "c1"),
  ),
  refusal("conflict", "sandbox_exists", "attached container id taken", /"c1" .*: choose another/, (scene) =>
    scene.controller.attach(scene.network, { containerId: "c1" }),
  ),
  refusal("conflict", "sandbox_exists", "renamed to a taken id", /"c1" .*: choose another/, (scene) =>
    scene.sharer.rename("c1"),
  ),
];

export const unknown: readonly Refusal[] = [
  refusal("invalid", "unknown_driver", "unknown driver", /"brigde" \(did you mean "bridge"\?\)/, (scene) =>
    scene.controller.newNetwork("brigde", "new"),
  ),
  refusal(
    "invalid",
    "unknown_ipam_driver",
    "unknown IPAM driver",
    /"defalt" \(did you mean "default"\?\)/,
    makeNetwork({ ipam: { driver: "defalt" } }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown network option",
    /"interal" \(did you mean "internal"\?\)/,
    makeNetwork(loose({ interal: true })),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "network option that is like none",
    /there is no option "subnet": there are ipam, /,
    makeNetwork(loose({ subnet: "172.40.0.0/24" })),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "bridge option that is like none",
    /the bridge driver has no option "subnetwork": there are bridgeName, [^.]*$/,
    withDriverOptions({ subnetwork: "b" }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown option of a subnet",
    /options\.ipam\.config\[0\]: .*"gatway" \(did you mean "gateway"\?\)/,
    withSubnet("172.40.0.0/24", { gatway: "172.40.0.1" }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown bridge option",
    /"bridgename" \(did you mean "bridgeName"\?\)/,
    withDriverOptions({ bridgename: "b" }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown bridge label",
    /enable_ic" \(did you mean "com\.docker\.network\.bridge\.enable_icc"\?\)/,
    withDriverOptions({ "com.docker.network.bridge.enable_ic": "true" }),
  ),
  refusal(
    "invalid",
    "option_given_twice",
    "an option by both of its names",
    /"com\.docker\.network\.driver\.mtu" .*: give one/,
    withDriverOptions({ mtu: 1400, "com.docker.network.driver.mtu": "1400" }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown endpoint option",
    /"publich" \(did you mean "publish"\?\)/,
    makeEndpoint(loose({ publich: [] })),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown driver option of an endpoint",
    /"speed"/,
    makeEndpoint({ driverOptions: { speed: 1 } }),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown sandbox option",
    /"hostnam" \(did you mean "hostname"\?\)/,
    makeSandbox(loose({ hostnam: "h" })),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown option of attach",
    /"endpiont" \(did you mean "endpoint"\?\)/,
    (s) => s.controller.attach(s.network, loose({ endpiont: {} })),
  ),
  refusal(
    "invalid",
    "unknown_option",
    "unknown option of a deletion",
    /"forced" \(did you mean "force"\?\)/,
    (s) => s.endpoint.delete(loose({ forced: true })),
  ),
];
