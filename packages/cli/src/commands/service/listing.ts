/**
 * What is shown of services in lists.
 */
import type { Service } from "@causeway/daemon/api";
import { type Listing, pairsText, shortId } from "../../output/listing.ts";
import { servicePortText } from "./ports.ts";

export const serviceListing: Listing<Service> = {
  fields: {
    ID: { title: "SERVICE ID", text: ({ id }, whole) => shortId(id, whole) },
    Name: { title: "NAME", text: ({ name }) => name },
    Network: { title: "NETWORK", text: ({ network }) => network.name },
    Mode: { title: "MODE", text: ({ mode }) => mode },
    IPv4: { title: "IPV4", text: ({ ipv4 = "" }) => ipv4 },
    IPv6: { title: "IPV6", text: ({ ipv6 = "" }) => ipv6 },
    Ports: { title: "PORTS", text: portsText },
    Serving: { title: "SERVING", text: servingText },
    Members: {
      title: "MEMBERS",
      text: ({ members, remoteMembers }) =>
        [...members.map(({ endpoint }) => endpoint.name), ...remoteMembers.map(nameOfRemote)].join(","),
    },
    Labels: { title: "LABELS", text: ({ labels }) => pairsText(labels) },
    CreatedAt: { title: "CREATED AT", text: ({ created }) => created },
  },
  columns: ["ID", "Name", "Network", "Mode", "IPv4", "IPv6", "Ports", "Serving"],
  id: ({ id }, whole) => shortId(id, whole),
  labels: ({ labels }) => labels,
};

function portsText({ mode, ports }: Service): string {
  if (mode === "dnsrr") return "";
  return ports === undefined ? "all" : ports.map(servicePortText).join(", ");
}

function nameOfRemote({ endpoint, name }: Service["remoteMembers"][number]): string {
  return name ?? shortId(endpoint, false);
}

/** Of how many members, on all hosts, new connections are led to how many. */
function servingText({ members, remoteMembers }: Service): string {
  const all = [...members, ...remoteMembers];
  return `${all.filter(({ state }) => state === "serving").length}/${all.length}`;
}

/** What the daemon leaves out of a service where there is nothing. */
export const optionalFields = ["ports", "ipv4", "ipv6"] as const;
