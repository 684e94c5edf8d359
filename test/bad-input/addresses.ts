// Addresses, MACs and interface names of endpoints.

import { makeEndpoint, type Refusal, refusal, withDriverOptions } from "./refusal.ts";

export const addresses: readonly Refusal[] = [
  refusal(
    "conflict",
    "address_in_use",
    "address taken",
    /172\.30\.0\.50 is in use.*: choose another/,
    makeEndpoint({ ipv4: "172.30.0.50" }),
  ),
  refusal(
    "conflict",
    "address_in_use",
    "IPv6 address taken",
    /fd00:30::50 is in use.*: choose another/,
    makeEndpoint({ ipv6: "fd00:30::50" }),
  ),
  refusal(
    "conflict",
    "address_in_use",
    "auxiliary address",
    /172\.30\.0\.9 is in use.*: choose another/,
    makeEndpoint({ ipv4: "172.30.0.9" }),
  ),
  refusal(
    "conflict",
    "address_in_use",
    "the gateway's address",
    /172\.30\.0\.1 is in use.*: choose another/,
    makeEndpoint({ ipv4: "172.30.0.1" }),
  ),
  refusal(
    "invalid",
    "address_reserved",
    "the network's own address",
    /172\.30\.0\.0 is the network's .*: choose another/,
    makeEndpoint({ ipv4: "172.30.0.0" }),
  ),
  refusal(
    "invalid",
    "address_reserved",
    "the broadcast address",
    /172\.30\.0\.255 is the broadcast .*: choose another/,
    makeEndpoint({ ipv4: "172.30.0.255" }),
  ),
  refusal(
    "invalid",
    "address_out_of_range",
    "address outside the subnet",
    /172\.31\.7\.7 is outside 172\.30\.0\.0\/24: choose one from/,
    makeEndpoint({ ipv4: "172.31.7.7" }),
  ),
  refusal(
    "invalid",
    "invalid_address",
    "malformed address",
    /options\.ipv4: "172\.30\.0" is not an IP address: write/,
    makeEndpoint({ ipv4: "172.30.0" }),
  ),
  refusal(
    "invalid",
    "invalid_address",
    "IPv6 address for ipv4",
    /options\.ipv4: fd00:30::7 is an IPv6 address: give an IPv4/,
    makeEndpoint({ ipv4: "fd00:30::7" }),
  ),
  refusal(
    "invalid",
    "family_disabled",
    "address of a family that the network has not",
    /fd00:30::7: the network has no IPv6 subnet: /,
    ({ ipv4Only }) => ipv4Only.createEndpoint("new", { ipv6: "fd00:30::7" }),
  ),
  refusal(
    "invalid",
    "contradictory_options",
    "an IPv6 address, and none",
    /ipv6 and disableIpv6 .*: give one/,
    makeEndpoint({ ipv6: "fd00:30::7", disableIpv6: true }),
  ),
  ...["02:42:ac", "02:42:ac:1e:00:zz", "x"].map((mac) =>
    refusal(
      "invalid",
      "invalid_mac",
      `MAC ${mac}`,
      new RegExp(`options\\.mac: "${mac}" is not a MAC address: write`),
      makeEndpoint({ mac }),
    ),
  ),
  refusal(
    "invalid",
    "multicast_mac",
    "multicast MAC",
    /01:00:5e:00:00:01 is a multicast .*: make the second digit even/,
    makeEndpoint({ mac: "01:00:5e:00:00:01" }),
  ),
  refusal(
    "conflict",
    "mac_in_use",
    "MAC taken",
    /"joined" .* has MAC 02:00:00:00:00:50: choose another/,
    makeEndpoint({ mac: "02:00:00:00:00:50" }),
  ),
  refusal(
    "invalid",
    "invalid_interface_name",
    "interface name of 16 bytes",
    /"interface-number" is longer than 15 bytes: shorten it/,
    makeEndpoint({ interfaceName: "interface-number" }),
  ),
  refusal(
    "invalid",
    "invalid_interface_name",
    "interface name with a slash",
    /"a\/b" has .*"\/".*: use others/,
    makeEndpoint({ interfaceName: "a/b" }),
  ),
  refusal(
    "invalid",
    "invalid_interface_name",
    "bridge name of 16 bytes",
    /"interface-number" is longer than 15 bytes: shorten it/,
    withDriverOptions({ bridgeName: "interface-number" }),
  ),
  refusal(
    "invalid",
    "invalid_interface_name",
    "prefix of interface names of 12 bytes",
    /"interface-no" is longer than 11 bytes: shorten it/,
    withDriverOptions({ interfacePrefix: "interface-no" }),
  ),
  refusal(
    "conflict",
    "interface_name_in_use",
    "interface name taken",
    /"eth0": choose another/,
    async (s) => {
      const endpoint = await s.network.createEndpoint("new", { interfaceName: "eth0" });
      try {
        await endpoint.join(s.sandbox);
      } finally {
        await endpoint.delete();
      }
    },
  ),
];
