// Subnets, gateways and auxiliary addresses.

import { makeNetwork, type Refusal, refusal, withSubnet } from "./refusal.ts";

export const subnets: readonly Refusal[] = [
  ...["172.40.0.0", "172.40.0.0/33", "172.40.0/24", "fd00::/129", "anything"].map((subnet) =>
    refusal(
      "invalid",
      "invalid_subnet",
      `subnet ${subnet}`,
      new RegExp(`config\\[0\\]\\.subnet: .*${subnet}.*(write|give)`),
      withSubnet(subnet),
    ),
  ),
  refusal(
    "invalid",
    "subnet_host_bits",
    "subnet with host bits",
    /172\.40\.0\.1\/24 .* the subnet is 172\.40\.0\.0\/24/,
    withSubnet("172.40.0.1/24"),
  ),
  refusal(
    "invalid",
    "subnet_host_bits",
    "IPv6 subnet with host bits",
    /the subnet is fd40::\/64/,
    withSubnet("fd40::1/64"),
  ),
  refusal(
    "invalid",
    "subnet_too_small",
    "subnet of one address",
    /172\.40\.0\.0\/32 .*: give at most \/31/,
    withSubnet("172.40.0.0/32"),
  ),
  ...["::ffff:0:0/96", "::ffff:172.40.0.0/120", "::172.40.0.0/120", "ff05::/64", "224.1.0.0/16"].map(
    (subnet) =>
      refusal(
        "invalid",
        "unusable_subnet",
        `subnet ${subnet}`,
        /overlaps the .* addresses .*: choose a private one/,
        withSubnet(subnet),
      ),
  ),
  refusal(
    "conflict",
    "pool_overlap",
    "subnet of another network",
    /172\.30\.0\.0\/25 overlaps .*172\.30\.0\.0\/24.*: choose another/,
    withSubnet("172.30.0.0/25"),
  ),
  refusal(
    "conflict",
    "pool_overlap",
    "IPv6 subnet that another network's is in",
    /fd00:30::\/48 overlaps .*fd00:30::\/64.*: choose another/,
    withSubnet("fd00:30::/48"),
  ),
  refusal(
    "conflict",
    "route_overlap",
    "subnet that the host has a route to",
    /192\.0\.2\.0\/25 overlaps .*192\.0\.2\.0\/24 by uplink0: choose another/,
    withSubnet("192.0.2.0/25"),
  ),
  refusal(
    "conflict",
    "route_overlap",
    "IPv6 subnet that the host has a route to",
    /2001:db8:2::\/64 by uplink0: choose another/,
    withSubnet("2001:db8:2::/64"),
  ),
  refusal(
    "invalid",
    "too_many_subnets",
    "two subnets of one family",
    /one subnet of each/,
    makeNetwork({ ipam: { config: [{ subnet: "172.40.0.0/24" }, { subnet: "172.41.0.0/24" }] } }),
  ),
  refusal(
    "invalid",
    "address_out_of_range",
    "gateway outside the subnet",
    /172\.41\.0\.1 is outside 172\.40\.0\.0\/24: choose one from/,
    withSubnet("172.40.0.0/24", { gateway: "172.41.0.1" }),
  ),
  refusal(
    "invalid",
    "address_out_of_range",
    "auxiliary address outside the subnet",
    /172\.41\.0\.9 is outside 172\.40\.0\.0\/24: choose one from/,
    withSubnet("172.40.0.0/24", { auxiliaryAddresses: { router: "172.41.0.9" } }),
  ),
  refusal(
    "conflict",
    "address_in_use",
    "auxiliary address that is the gateway",
    /172\.40\.0\.1 is in use.*: choose another/,
    withSubnet("172.40.0.0/24", { auxiliaryAddresses: { router: "172.40.0.1" } }),
  ),
  refusal(
    "invalid",
    "sub_pool_out_of_range",
    "range outside the subnet",
    /172\.41\.0\.0\/25 is outside 172\.40\.0\.0\/24: choose/,
    withSubnet("172.40.0.0/24", { ipRange: "172.41.0.0/25" }),
  ),
  refusal(
    "invalid",
    "address_without_subnet",
    "gateway without subnet",
    /172\.40\.0\.1.*give both/,
    makeNetwork({ ipam: { config: [{ gateway: "172.40.0.1" }] } }),
  ),
  refusal("invalid", "no_address_family", "no family", /turn one of them on/, makeNetwork({ ipv4: false })),
  refusal(
    "invalid",
    "family_disabled",
    "subnet of a family that is off",
    /fd40::\/64 is given while ipv6 is off: turn it on/,
    makeNetwork({ ipv6: false, ipam: { config: [{ subnet: "fd40::/64" }] } }),
  ),
];
