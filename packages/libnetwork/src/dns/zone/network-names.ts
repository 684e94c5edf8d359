/**
 * The names of one network: those of its endpoints, and the records that users added.
 */
import type { AddedRecord, Membership, RecordData } from "../../contracts/names.ts";
import type { Found, FoundRecord } from "./finding.ts";

/** Whatever goes by one name. */
export interface Holder {
  readonly members: readonly Membership[];
  readonly records: readonly AddedRecord[];
  /** By type, as it is asked for: kept until the holder is replaced. */
  readonly findings: Map<string, Found>;
}

const wildcard = /^\*\./;

export class NetworkNames {
  readonly id: string;
  /** By name in lower case. */
  readonly #holders = new Map<string, Holder>();
  /** By what is behind the star. */
  readonly #wildcards = new Map<string, Holder>();
  /** By address. */
  readonly #byAddress = new Map<string, Membership>();
  #records: readonly AddedRecord[] = [];
  #members = 0;

  constructor(id: string) {
    this.id = id;
  }

  get isEmpty(): boolean {
    return this.#members === 0 && this.#records.length === 0;
  }

  add(member: Membership): void {
    this.#members++;
    for (const name of namesOf(member)) {
      this.#change(name, ({ members, records }) => ({ members: [...members, member], records }));
    }
    for (const address of [member.ipv4, member.ipv6])
      if (address !== undefined) this.#byAddress.set(address, member);
  }

  remove(member: Membership): void {
    this.#members--;
    for (const name of namesOf(member)) {
      this.#change(name, ({ members, records }) => ({
        members: members.filter(({ endpointId }) => endpointId !== member.endpointId),
        records,
      }));
    }
    for (const address of [member.ipv4, member.ipv6]) {
      if (address === undefined) continue;
      if (this.#byAddress.get(address)?.endpointId === member.endpointId) this.#byAddress.delete(address);
    }
  }

  /** In the place of those that were there. */
  setRecords(records: readonly AddedRecord[]): void {
    const byName = new Map<string, AddedRecord[]>();
    for (const { name } of this.#records) byName.set(name.toLowerCase(), []);
    for (const { name } of records) byName.set(name.toLowerCase(), []);
    for (const record of records) byName.get(record.name.toLowerCase())?.push(record);
    this.#records = records;
    for (const [name, own] of byName) this.#change(name, ({ members }) => ({ members, records: own }));
  }

  /** @param name in lower case */
  find(name: string): Holder | undefined {
    const exact = this.#holders.get(name);
    if (exact !== undefined || this.#wildcards.size === 0) return exact;
    // The nearest star: RFC 4592.
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const holder = this.#wildcards.get(name.slice(dot + 1));
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  /** Whose address it is. */
  whoHas(address: string): Membership | undefined {
    return this.#byAddress.get(address);
  }

  /** @param name in lower case */
  #change(name: string, next: (holder: Omit<Holder, "findings">) => Omit<Holder, "findings">): void {
    const [map, key] = wildcard.test(name) ? [this.#wildcards, name.slice(2)] : [this.#holders, name];
    const holder = next(map.get(key) ?? { members: [], records: [] });
    if (holder.members.length === 0 && holder.records.length === 0) map.delete(key);
    else map.set(key, { ...holder, findings: new Map() });
  }
}

/** Each once: `Web` and `web` are one. */
function namesOf({ names }: Membership): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Addresses of the members, in the order of their joining; of one family, or of both for ANY. */
function addressesOf(members: readonly Membership[], type: string, owner: string | undefined): FoundRecord[] {
  return members.flatMap(({ ipv4, ipv6, ttl }) => [
    ...(ipv4 !== undefined && (type === "A" || type === "ANY") ? [record(owner, "A", ipv4, ttl)] : []),
    ...(ipv6 !== undefined && (type === "AAAA" || type === "ANY") ? [record(owner, "AAAA", ipv6, ttl)] : []),
  ]);
}

function record(owner: string | undefined, type: "A" | "AAAA", address: string, ttl: number): FoundRecord {
  return { owner, data: { type, address }, ttl };
}

/**
 * What a holder has of a type. A name that is another's (CNAME) has nothing else, RFC 1034 section 3.6.2.
 *
 * @param owner undefined for the name that was asked for
 */
export function recordsOf(holder: Holder, type: string, owner?: string): readonly FoundRecord[] {
  const own = holder.records.filter(({ data }) => type === "ANY" || data.type === type);
  return [...addressesOf(holder.members, type, owner), ...own.map(({ data, ttl }) => ({ owner, data, ttl }))];
}

export function aliasIn({ records }: Holder): { target: string; ttl: number } | undefined {
  for (const { data, ttl } of records) if (data.type === "CNAME") return { target: data.target, ttl };
  return undefined;
}

/**
 * SRV records, RFC 2782, of the members' ports of this name.
 *
 * @param target what the asker calls the members
 */
export function portsOf(
  holder: Holder,
  service: string,
  protocol: string,
  target: string,
): readonly FoundRecord[] {
  return holder.members.flatMap(({ ports, ttl }) =>
    ports
      .filter((port) => port.name.toLowerCase() === service && port.protocol === protocol)
      .map(({ port }): FoundRecord => {
        const data: RecordData = { type: "SRV", priority: 0, weight: 0, port, target };
        return { owner: undefined, data, ttl };
      }),
  );
}
