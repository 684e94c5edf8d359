/**
 * What is shown of networks in lists: Docker's fields, and subnets.
 */
import type { Network } from "@causeway/daemon/api";
import { type Listing, shortId } from "../../output/listing.ts";

export const networkListing: Listing<Network> = {
  fields: {
    ID: { title: "NETWORK ID", text: ({ id }, whole) => shortId(id, whole) },
    Name: { title: "NAME", text: ({ name }) => name },
    Driver: { title: "DRIVER", text: ({ driver }) => driver },
    Scope: { title: "SCOPE", text: ({ scope }) => scope },
    Subnets: { title: "SUBNETS", text: ({ pools }) => pools.map(({ subnet }) => subnet).join(", ") },
  },
  columns: ["ID", "Name", "Driver", "Scope", "Subnets"],
  id: ({ id }, whole) => shortId(id, whole),
};
