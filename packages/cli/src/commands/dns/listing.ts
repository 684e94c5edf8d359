/**
 * What is shown of names in lists: a row for each record, of whoever it is.
 */
import type { NameRecord, Network, NetworkName } from "@causeway/daemon/api";
import type { Listing } from "../../output/listing.ts";
import { valueText } from "./records.ts";

export interface NameRow {
  readonly network: string;
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** Seconds. */
  readonly ttl: number;
  /** Whose it is: an endpoint's, or a record that somebody added. */
  readonly source: "endpoint" | "record";
  /** Address of the other host that has the endpoint; undefined for this one's own, and for records. */
  readonly host?: string;
}

/** A named port is shown with the name that its addresses are called by; it is found by the others as well. */
export function rowsOfEndpoint({ name: network }: Network, found: NetworkName): readonly NameRow[] {
  const { names, ipv4, ipv6, namedPorts, ttl, host } = found;
  const row = (name: string, type: string, value: string): NameRow => {
    const elsewhere = host === undefined ? {} : { host: host.address };
    return { network, name, type, value, ttl, source: "endpoint", ...elsewhere };
  };
  const [first] = names;
  return [
    ...names.flatMap((name) => [
      ...(ipv4 === undefined ? [] : [row(name, "A", ipv4)]),
      ...(ipv6 === undefined ? [] : [row(name, "AAAA", ipv6)]),
    ]),
    ...namedPorts.flatMap(({ name, protocol, port }) =>
      first === undefined ? [] : [row(`_${name}._${protocol}.${first}`, "SRV", `0 0 ${port} ${first}`)],
    ),
  ];
}

export function rowOfRecord({ name: network }: Network, record: NameRecord): NameRow {
  const { name, type, ttl } = record;
  return { network, name, type, value: valueText(record), ttl, source: "record" };
}

export const nameListing: Listing<NameRow> = {
  fields: {
    Name: { title: "NAME", text: ({ name }) => name },
    Type: { title: "TYPE", text: ({ type }) => type },
    TTL: { title: "TTL", text: ({ ttl }) => String(ttl) },
    Value: { title: "VALUE", text: ({ value }) => value },
    Network: { title: "NETWORK", text: ({ network }) => network },
    Host: { title: "HOST", text: ({ host = "" }) => host },
    Source: { title: "OF", text: ({ source }) => source },
  },
  columns: ["Network", "Name", "Type", "TTL", "Value", "Host", "Source"],
  spare: ["Host"],
  id: ({ name }) => name,
};
