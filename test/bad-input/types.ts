// Options of another type.

import {
  loose,
  makeEndpoint,
  makeNetwork,
  makeSandbox,
  publishing,
  type Refusal,
  refusal,
  withDriverOptions,
} from "./refusal.ts";

export const wrongTypes: readonly Refusal[] = [
  refusal("invalid", "invalid_option", "options that are a text", /options: "x" is not an object/, (scene) =>
    scene.controller.newNetwork("bridge", "new", loose(Object("x").toString())),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "boolean option",
    /options\.internal: "yes" is not true or false/,
    makeNetwork(loose({ internal: "yes" })),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "boolean option with a BigInt in it",
    /options\.internal: \{ a: 1n \} is not true or false/,
    makeNetwork(loose({ internal: { a: 1n } })),
  ),
  refusal(
    "invalid",
    "invalid_port",
    "port that is a BigInt",
    /publish\[0\]\.containerPort: 80n is not a port: give a number/,
    publishing(loose({ containerPort: 80n })),
  ),
  refusal(
    "invalid",
    "invalid_sysctl",
    "sysctl without a text",
    /log_martians: \{\} is not a number: give one/,
    makeEndpoint(loose({ sysctls: { "net.ipv4.conf.IFNAME.log_martians": Object.create(null) } })),
  ),
  refusal("invalid", "invalid_name", "name that is a BigInt", /name 80n is not a text; use/, (scene) =>
    scene.network.createEndpoint(80n as never),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "list option",
    /options\.publish: "80" is not a list: put \[ \] around it/,
    makeEndpoint(loose({ publish: "80" })),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "labels that are no texts",
    /options\.labels\.a: 1 is not a text/,
    makeNetwork(loose({ labels: { a: 1 } })),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "bridge option",
    /icc: "maybe" is not true or false/,
    withDriverOptions({ icc: "maybe" }),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "gateway mode",
    /gatewayModeIpv4: "natt" is not one of nat, .* \(did you mean "nat"\?\)/,
    withDriverOptions({ gatewayModeIpv4: "natt" }),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "gateway priority",
    /gatewayPriority: 1\.5 is not a whole number/,
    makeEndpoint({ gatewayPriority: 1.5 }),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "protocol",
    /publish\[0\]\.protocol: "tpc" is not one of tcp, udp, sctp \(did you mean "tcp"\?\)/,
    publishing(loose({ containerPort: 80, protocol: "tpc" })),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "protocol of another kind",
    /publish\[0\]\.protocol: "icmp" is not one of tcp, udp, sctp$/,
    publishing(loose({ containerPort: 80, protocol: "icmp" })),
  ),
  refusal("invalid", "invalid_option", "joining nothing", /sandbox: undefined is not a sandbox: give/, (s) =>
    s.endpoint.join(undefined as never),
  ),
  refusal("invalid", "invalid_option", "joining by a name", /sandbox: "c1" is not a sandbox: give/, (s) =>
    s.endpoint.join("c1" as never),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "leaving what is no sandbox",
    /sandbox: an object of class Network is not a sandbox: give/,
    (s) => s.joined.leave(loose(s.network)),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "attaching to nothing",
    /network: undefined is not a network: give/,
    (s) => s.controller.attach(undefined as never),
  ),
  refusal(
    "invalid",
    "invalid_option",
    "what becomes of endpoints",
    /"deleted" is not one of keep, delete/,
    (s) => s.sandbox.delete(loose({ endpoints: "deleted" })),
  ),
  refusal(
    "invalid",
    "invalid_hostname",
    "host name",
    /"my host" is not a host name: use/,
    makeSandbox({ hostname: "my host" }),
  ),
  refusal(
    "invalid",
    "invalid_address",
    "name server",
    /options\.dns\[0\]: "one\.one" is not an IP address: write/,
    makeSandbox({ dns: ["one.one"] }),
  ),
];
