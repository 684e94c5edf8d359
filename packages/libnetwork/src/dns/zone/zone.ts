/**
 * Zone: which names each sandbox sees, and what they lead to.
 */
import { parseIp } from "../../address/ip.ts";
import type { AddedRecord, Membership, SandboxNames, TraceStep } from "../../contracts/names.ts";
import { type Finding, type Found, type FoundRecord, unknown } from "./finding.ts";
import { aliasIn, type Holder, NetworkNames, portsOf, recordsOf } from "./network-names.ts";
import { CountedSubnets } from "./subnets.ts";

/** How many names may lead on to another: RFC 1034 wants loops to be found. */
const longestChain = 8;

/** A network that a sandbox is in. */
interface Seen {
  readonly membership: Membership;
  readonly network: NetworkNames;
  /** In lower case. */
  readonly networkName: string;
  /** Alias to name, both in lower case. */
  readonly links: ReadonlyMap<string, string>;
}

interface View {
  readonly names: SandboxNames;
  readonly seen: readonly Seen[];
  /** Extra hosts, by name in lower case, and by address. */
  readonly hosts: ReadonlyMap<string, Found>;
  readonly hostNames: ReadonlyMap<string, string>;
}

interface Hit {
  readonly network: NetworkNames;
  readonly holder: Holder;
}

/** Is told where an answer is looked for; undefined where nobody wants to know. */
type Tell = ((step: TraceStep) => void) | undefined;

export class Zone {
  readonly #networks = new Map<string, NetworkNames>();
  readonly #views = new Map<string, View>();
  /** How many endpoints have a name of one label, alone and with the network's name behind it: these are asked of nobody else. */
  readonly #private = new Map<string, number>();
  /** What these contain has no names elsewhere. */
  readonly #subnets = new CountedSubnets();

  /** In the place of what the sandbox was before. */
  set(names: SandboxNames): void {
    this.remove(names.sandboxId);
    const seen = names.memberships.map((membership) => {
      const network = this.#network(membership.networkId);
      network.add(membership);
      const links = new Map(
        Object.entries(membership.links).map(([alias, name]) => [alias.toLowerCase(), name.toLowerCase()]),
      );
      return { membership, network, networkName: membership.networkName.toLowerCase(), links };
    });
    for (const membership of names.memberships) {
      this.#count(membership, 1);
      for (const subnet of membership.subnets) this.#subnets.add(subnet);
    }
    this.#views.set(names.sandboxId, { names, seen, ...hostsOf(names.extraHosts) });
  }

  /** Nothing is wrong with one that is not there. */
  remove(sandboxId: string): void {
    const view = this.#views.get(sandboxId);
    if (view === undefined) return;
    this.#views.delete(sandboxId);
    for (const { membership, network } of view.seen) {
      network.remove(membership);
      this.#count(membership, -1);
      for (const subnet of membership.subnets) this.#subnets.remove(subnet);
      this.#forgetEmpty(network);
    }
  }

  setRecords(networkId: string, records: readonly AddedRecord[]): void {
    const network = this.#network(networkId);
    network.setRecords(records);
    this.#forgetEmpty(network);
  }

  /**
   * What the sandbox finds.
   *
   * @param name in lower case, without the dot at its end
   * @param type `A`, `AAAA`, `SRV`, `ANY` ..., and one text for all that there are no records of
   * @param tell is told how, before this returns
   */
  lookUp(sandboxId: string, name: string, type: string, tell?: Tell): Finding {
    const view = this.#views.get(sandboxId);
    if (view === undefined) return unknown;
    if (view.hosts.size > 0) {
      const host = view.hosts.get(`${type} ${name}`) ?? view.hosts.get(name);
      tell?.({ at: "extra hosts", found: host !== undefined });
      if (host !== undefined) return host;
    }
    const hit = this.#find(view, name, tell);
    if (hit !== undefined) return this.#of(view, hit, name, type, tell);
    const service = this.#service(view, name, type, tell);
    if (service !== undefined) return service;
    return this.#ofOthers(view, this.#isPrivate(name) ? "other network" : undefined, tell);
  }

  /** Also where it is asked for a port, `_http._tcp.web`, or anything else of its own that begins so (RFC 8552). */
  #isPrivate(name: string): boolean {
    return this.#private.has(name.replace(/^(?:_[^.]*\.)+/, ""));
  }

  /** @param why nobody outside is asked, in any case */
  #ofOthers(view: View, why: "other network" | "address" | undefined, tell: Tell): Finding {
    const reason = why ?? (view.names.forwards ? undefined : "internal");
    if (reason === undefined) return unknown;
    tell?.({ at: "private", why: reason });
    return { kind: "private", why: reason };
  }

  /**
   * The name of an address.
   *
   * @param address in canonical text
   * @param tell is told how, before this returns
   */
  nameOf(sandboxId: string, address: string, tell?: Tell): Finding {
    const view = this.#views.get(sandboxId);
    if (view === undefined) return unknown;
    const host = view.hostNames.get(address);
    if (view.hostNames.size > 0) tell?.({ at: "extra hosts", found: host !== undefined });
    if (host !== undefined) return pointer(host, 0, { from: "extra hosts" });
    for (const { membership, network } of view.seen) {
      const member = network.whoHas(address);
      tell?.(looked(membership, address, "address", member && { members: [member] }));
      if (member === undefined) continue;
      const [name] = member.names;
      if (name === undefined) return this.#ofOthers(view, "address", tell);
      const source = { from: "endpoints", networkId: network.id, endpointIds: [member.endpointId] } as const;
      return pointer(`${name}.${membership.networkName}`, member.ttl, source);
    }
    return this.#ofOthers(view, this.#subnets.contain(parseIp(address)) ? "address" : undefined, tell);
  }

  /** Whom a sandbox asks for what it does not find here; undefined where there is no such sandbox. */
  namesOf(sandboxId: string): SandboxNames | undefined {
    return this.#views.get(sandboxId)?.names;
  }

  /** By name, by the alias of a link, or as `NAME.NETWORK`; the first of the sandbox's networks that knows it. */
  #find(view: View, name: string, tell: Tell): Hit | undefined {
    for (const { membership, network, links } of view.seen) {
      const meant = links.get(name);
      const holder = network.find(meant ?? name);
      tell?.(looked(membership, meant ?? name, meant === undefined ? "name" : "link", holder));
      if (holder !== undefined) return { network, holder };
    }
    const dot = name.lastIndexOf(".");
    if (dot < 0) return undefined;
    const behind = name.slice(dot + 1);
    for (const { membership, network, networkName } of view.seen) {
      if (networkName !== behind) continue;
      const holder = network.find(name.slice(0, dot));
      tell?.(looked(membership, name.slice(0, dot), "network name", holder));
      if (holder !== undefined) return { network, holder };
    }
    return undefined;
  }

  #of(view: View, { network, holder }: Hit, name: string, type: string, tell: Tell): Found {
    const kept = holder.findings.get(type);
    if (kept !== undefined) return kept;
    const source =
      holder.members.length > 0
        ? ({
            from: "endpoints",
            networkId: network.id,
            endpointIds: holder.members.map(({ endpointId }) => endpointId),
          } as const)
        : ({ from: "records", networkId: network.id } as const);
    const alias = aliasIn(holder);
    if (alias === undefined || type === "CNAME" || type === "ANY") {
      const found: Found = { kind: "found", answers: recordsOf(holder, type), additional: [], source };
      holder.findings.set(type, found);
      return found;
    }
    // What an alias leads to may change, and is another's in another sandbox: it is not kept.
    return { kind: "found", ...this.#follow(view, name, alias, type, tell), additional: [], source };
  }

  #follow(
    view: View,
    name: string,
    first: { target: string; ttl: number },
    type: string,
    tell: Tell,
  ): Pick<Found, "answers" | "continues"> {
    const answers: FoundRecord[] = [];
    let owner: string | undefined;
    let alias = first;
    const passed = new Set([name]);
    for (let length = 0; length < longestChain; length++) {
      const { target, ttl } = alias;
      answers.push({ owner, data: { type: "CNAME", target }, ttl });
      owner = target.toLowerCase();
      if (passed.has(owner)) break;
      passed.add(owner);
      const hit = this.#find(view, owner, tell);
      if (hit === undefined) {
        const isOthers = view.names.forwards && !this.#isPrivate(owner);
        if (isOthers) tell?.({ at: "alias", target: owner });
        return { answers, ...(isOthers && { continues: owner }) };
      }
      const next = aliasIn(hit.holder);
      if (next === undefined) return { answers: [...answers, ...recordsOf(hit.holder, type, owner)] };
      alias = next;
    }
    return { answers };
  }

  /** `_http._tcp.web`: a port of whoever is called `web`. Nobody else is asked for it, nor for other types of it. */
  #service(view: View, name: string, type: string, tell: Tell): Found | undefined {
    const [, service, protocol, target] = /^_([^.]+)\._([^.]+)\.(.+)$/.exec(name) ?? [];
    if (service === undefined || protocol === undefined || target === undefined) return undefined;
    const told =
      tell && ((step: TraceStep) => tell(step.at === "network" ? { ...step, by: "named port" } : step));
    const hit = this.#find(view, target, told);
    if (hit === undefined) return undefined;
    const isAsked = type === "SRV" || type === "ANY";
    const answers = isAsked ? portsOf(hit.holder, service, protocol, target) : [];
    const additional = answers.length === 0 ? [] : recordsOf({ ...hit.holder, records: [] }, "ANY", target);
    const endpointIds = hit.holder.members.map(({ endpointId }) => endpointId);
    return {
      kind: "found",
      answers,
      additional,
      source: { from: "endpoints", networkId: hit.network.id, endpointIds },
    };
  }

  #network(id: string): NetworkNames {
    const known = this.#networks.get(id);
    if (known !== undefined) return known;
    const network = new NetworkNames(id);
    this.#networks.set(id, network);
    return network;
  }

  #forgetEmpty(network: NetworkNames): void {
    if (network.isEmpty) this.#networks.delete(network.id);
  }

  #count({ names, networkName }: Membership, by: 1 | -1): void {
    for (const name of new Set(names.map((given) => given.toLowerCase()))) {
      if (name.includes(".")) continue;
      for (const known of [name, `${name}.${networkName.toLowerCase()}`]) {
        const count = (this.#private.get(known) ?? 0) + by;
        if (count === 0) this.#private.delete(known);
        else this.#private.set(known, count);
      }
    }
  }
}

/** @param found what goes by the name */
function looked(
  { networkId, networkName: network }: Membership,
  name: string,
  by: "name" | "link" | "network name" | "address",
  found: Pick<Holder, "members"> | undefined,
): TraceStep {
  const endpointIds = found?.members.map(({ endpointId }) => endpointId) ?? [];
  const what = found === undefined ? "nothing" : endpointIds.length > 0 ? "endpoints" : "records";
  return { at: "network", networkId, network, name, by, found: what, endpointIds };
}

function pointer(target: string, ttl: number, source: Found["source"]): Found {
  const answers = [{ owner: undefined, data: { type: "PTR", target }, ttl }] as const;
  return { kind: "found", answers, additional: [], source };
}

/** Lines of /etc/hosts, for programs that ask the name server all the same. */
function hostsOf(extraHosts: SandboxNames["extraHosts"]): Pick<View, "hosts" | "hostNames"> {
  const hosts = new Map<string, Found>();
  const hostNames = new Map<string, string>();
  const source = { from: "extra hosts" } as const;
  const found = (answers: readonly FoundRecord[]): Found => ({
    kind: "found",
    answers,
    additional: [],
    source,
  });
  for (const { name: given, address } of extraHosts) {
    const name = given.toLowerCase();
    const type = address.includes(":") ? "AAAA" : "A";
    const line: FoundRecord = { owner: undefined, data: { type, address }, ttl: 0 };
    for (const key of [`${type} ${name}`, `ANY ${name}`])
      hosts.set(key, found([...(hosts.get(key)?.answers ?? []), line]));
    // Known, and nothing of another type.
    hosts.set(name, found([]));
    if (!hostNames.has(address)) hostNames.set(address, name);
  }
  return { hosts, hostNames };
}
