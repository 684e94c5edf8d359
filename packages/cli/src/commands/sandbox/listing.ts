/**
 * What is shown of sandboxes in lists.
 */
import type { Sandbox } from "@causeway/daemon/api";
import { type Listing, pairsText, shortId } from "../../output/listing.ts";

export const sandboxListing: Listing<Sandbox> = {
  fields: {
    ID: { title: "SANDBOX ID", text: ({ id }, whole) => shortId(id, whole) },
    Container: { title: "CONTAINER", text: ({ name }) => name },
    State: { title: "STATE", text: stateOf },
    Endpoints: { title: "ENDPOINTS", text: ({ endpoints }) => endpoints.map(({ name }) => name).join(", ") },
    Key: { title: "NAMESPACE", text: ({ key = "" }) => key },
    Labels: { title: "LABELS", text: ({ labels }) => pairsText(labels) },
    CreatedAt: { title: "CREATED AT", text: ({ created }) => created },
  },
  columns: ["ID", "Container", "State", "Endpoints", "Key"],
  id: ({ id }, whole) => shortId(id, whole),
  labels: ({ labels }) => labels,
};

function stateOf({ lost, usesHostNetwork, sharedWith, key }: Sandbox): string {
  if (lost) return "lost";
  if (usesHostNetwork) return "host";
  if (sharedWith !== undefined) return "shared";
  return key === undefined ? "waiting" : "ready";
}

/** What the daemon leaves out of a sandbox where there is nothing. */
export const optionalFields = ["key", "sharedWith", "gatewayIpv4", "gatewayIpv6"] as const;
