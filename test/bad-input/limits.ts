// MTUs, sysctls and routes that the kernel does not take.

import { attaching, makeEndpoint, makeNetwork, type Refusal, refusal, withDriverOptions } from "./refusal.ts";

export const kernelLimits: readonly Refusal[] = [
  ...[67, 65536, "big"].map((mtu) =>
    refusal(
      "invalid",
      "invalid_option",
      `MTU ${mtu}`,
      new RegExp(`mtu: "?${mtu}"? is not a whole number from 68 to 65535`),
      withDriverOptions({ mtu }),
    ),
  ),
  refusal(
    "invalid",
    "mtu_too_small",
    "MTU below what IPv6 needs",
    /mtu: 1279 .* IPv6 .* 1280/,
    makeNetwork({ driverOptions: { mtu: 1279 }, ipam: { config: [{ subnet: "fd40::/64" }] } }),
  ),
  ...[
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.eth0.forwarding",
    "kernel.msgmax",
  ].map((key) =>
    refusal(
      "invalid",
      "invalid_sysctl",
      `sysctl ${key}`,
      new RegExp(`"${key}" is not a setting of the interface: write net\\.ipv4\\.conf\\.IFNAME`),
      makeEndpoint({ sysctls: { [key]: "1" } }),
    ),
  ),
  refusal(
    "invalid",
    "invalid_sysctl",
    "value of a sysctl",
    /log_martians: "yes" is not a number: /,
    makeEndpoint({ sysctls: { "net.ipv4.conf.IFNAME.log_martians": "yes" } }),
  ),
  refusal(
    "invalid",
    "invalid_sysctl",
    "sysctl that the kernel has not",
    /net\.ipv4\.conf\.IFNAME\.nonsense: .*no such setting .*: change it/,
    attaching({ sysctls: { "net.ipv4.conf.IFNAME.nonsense": "1" } }),
  ),
  refusal(
    "invalid",
    "invalid_sysctl",
    "value that the kernel refuses",
    /net\.ipv6\.conf\.IFNAME\.mtu.*"7".*: /,
    attaching({ sysctls: { "net.ipv6.conf.IFNAME.mtu": "7" } }),
  ),
  refusal(
    "invalid",
    "invalid_sysctl",
    "sysctl that can only be read",
    /net\.ipv4\.conf\.IFNAME\.mc_forwarding: .*"1" \(EACCES\): change it/,
    attaching({ sysctls: { "net.ipv4.conf.IFNAME.mc_forwarding": "1" } }),
  ),
  refusal(
    "invalid",
    "invalid_route",
    "static route by a next hop that is not there",
    /10\.9\.0\.0\/16 by 10\.1\.1\.1.*: /,
    attaching({ staticRoutes: [{ destination: "10.9.0.0/16", nextHop: "10.1.1.1" }] }),
  ),
  refusal(
    "invalid",
    "invalid_route",
    "static route of two families",
    /10\.9\.0\.0\/16 by fd00:30::1.*: /,
    makeEndpoint({ staticRoutes: [{ destination: "10.9.0.0/16", nextHop: "fd00:30::1" }] }),
  ),
];
