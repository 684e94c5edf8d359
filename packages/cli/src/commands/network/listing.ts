/**
 * What is shown of networks in lists: Docker's fields, and subnets.
 */
import type { Network } from "@causeway/daemon/api";
import { type Listing, pairsText, shortId } from "../../output/listing.ts";

export const networkListing: Listing<Network> = {
  fields: {
    ID: { title: "NETWORK ID", text: ({ id }, whole) => shortId(id, whole) },
    Name: { title: "NAME", text: ({ name }) => name },
    Driver: { title: "DRIVER", text: ({ driver }) => driver },
    Scope: { title: "SCOPE", text: ({ scope }) => scope },
    Subnets: { title: "SUBNETS", text: ({ pools }) => pools.map(({ subnet }) => subnet).join(", ") },
    Endpoints: { title: "ENDPOINTS", text: ({ endpoints }) => String(endpoints) },
    IPv4: { title: "IPV4", text: ({ ipv4 }) => String(ipv4) },
    IPv6: { title: "IPV6", text: ({ ipv6 }) => String(ipv6) },
    Internal: { title: "INTERNAL", text: ({ internal }) => String(internal) },
    Labels: { title: "LABELS", text: ({ labels }) => pairsText(labels) },
    CreatedAt: { title: "CREATED AT", text: ({ created }) => goTime(created) },
  },
  columns: ["ID", "Name", "Driver", "Scope", "Subnets"],
  id: ({ id }, whole) => shortId(id, whole),
  labels: ({ labels }) => labels,
};

/** A time as Go prints it: 2026-11-25 12:00:00.123 +0000 UTC. */
function goTime(text: string): string {
  return `${text.replace("T", " ").replace(/Z$/, "")} +0000 UTC`;
}
