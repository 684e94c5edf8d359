/**
 * What is shown of endpoints in lists.
 */
import type { Endpoint } from "@causeway/daemon/api";
import { type Listing, pairsText, shortId } from "../../output/listing.ts";
import { bindingText } from "../ports.ts";

export const endpointListing: Listing<Endpoint> = {
  fields: {
    ID: { title: "ENDPOINT ID", text: ({ id }, whole) => shortId(id, whole) },
    Name: { title: "NAME", text: ({ name }) => name },
    Network: { title: "NETWORK", text: ({ network }) => network.name },
    IPv4: { title: "IPV4", text: ({ ipv4 = "" }) => ipv4 },
    IPv6: { title: "IPV6", text: ({ ipv6 = "" }) => ipv6 },
    MacAddress: { title: "MAC ADDRESS", text: ({ mac }) => mac },
    Sandbox: { title: "SANDBOX", text: ({ sandbox }) => sandbox?.name ?? "" },
    Interface: { title: "INTERFACE", text: ({ interfaceName = "" }) => interfaceName },
    Service: { title: "SERVICE", text: ({ service }) => service?.name ?? "" },
    Ports: { title: "PORTS", text: ({ bindings }) => bindings.map(bindingText).join(", ") },
    Aliases: { title: "ALIASES", text: ({ aliases }) => aliases.join(",") },
    Labels: { title: "LABELS", text: ({ labels }) => pairsText(labels) },
  },
  columns: ["ID", "Name", "Network", "IPv4", "IPv6", "Sandbox", "Ports"],
  id: ({ id }, whole) => shortId(id, whole),
  labels: ({ labels }) => labels,
};

/** What the daemon leaves out of an endpoint where there is nothing. */
export const optionalFields = [
  "ipv4",
  "ipv6",
  "service",
  "healthy",
  "sandbox",
  "interfaceName",
  "gatewayIpv4",
  "gatewayIpv6",
] as const;
