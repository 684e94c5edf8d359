/**
 * What is shown of containers in lists.
 */
import type { Container } from "@causeway/daemon/api";
import { type Listing, pairsText, shortId } from "../../output/listing.ts";
import { bindingText } from "../ports.ts";

export const containerListing: Listing<Container> = {
  fields: {
    ID: { title: "CONTAINER ID", text: ({ id }, whole) => shortId(id, whole) },
    Names: { title: "NAMES", text: ({ name }) => name },
    Command: { title: "COMMAND", text: ({ command }) => command.join(" ") },
    CreatedAt: { title: "CREATED AT", text: ({ created }) => created },
    State: { title: "STATE", text: ({ state }) => state },
    Status: { title: "STATUS", text: statusText },
    Kind: { title: "KIND", text: ({ kind }) => kind },
    Pid: { title: "PID", text: ({ pid }) => String(pid ?? "") },
    Networks: {
      title: "NETWORKS",
      text: ({ networks }) => networks.map(({ network }) => network.name).join(", "),
    },
    Addresses: { title: "ADDRESSES", text: addressesText },
    Ports: {
      title: "PORTS",
      text: ({ networks }) => networks.flatMap(({ bindings }) => bindings.map(bindingText)).join(", "),
    },
    Labels: { title: "LABELS", text: ({ labels }) => pairsText(labels) },
  },
  columns: ["ID", "Names", "Command", "Status", "Networks", "Addresses", "Ports"],
  id: ({ id }, whole) => shortId(id, whole),
  labels: ({ labels }) => labels,
};

function statusText({ state, exitCode }: Container): string {
  return state === "exited" && exitCode !== undefined ? `exited (${exitCode})` : state;
}

function addressesText({ networks }: Container): string {
  const addresses = networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  return addresses.flatMap((cidr) => cidr?.replace(/\/\d+$/, "") ?? []).join(", ");
}

/** What the daemon leaves out of a container where there is nothing. */
export const optionalFields = [
  "path",
  "pid",
  "exitCode",
  "started",
  "finished",
  "sandbox",
  "netnsPath",
  "hostname",
] as const;
