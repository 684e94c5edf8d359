/**
 * The rules, a small and fixed number of them: what differs from one host to the next is in the sets.
 *
 * The text is nft(8)'s. README.md says what holds; the comments here say why a rule is where it is.
 */
import { dataText, type NftFamily } from "@causeway/kernel";
import { bridgeGroup } from "../contracts/firewall.ts";
import { type FirewallElement, type FirewallSet, type FirewallSets, tunnelKey } from "./sets.ts";

/** The families of our two tables. */
export const tableFamilies = ["inet", "bridge"] as const satisfies readonly NftFamily[];
export type TableFamily = (typeof tableFamilies)[number];

/** The chain that belongs to the operator, and the beginning of the names of all else in our tables that does. */
export const userChain = "user";

export function isOperators(name: string): boolean {
  return name === userChain || name.startsWith(`${userChain}_`);
}

const inetChains = `
  # The first packet of a connection, before it is led elsewhere; the kernel asks no chain of this type about the others. Before
  # other tables' DNAT too, which would hide the address that was asked for.
  chain arriving {
    type nat hook prerouting priority -101; policy accept;
    iif != "lo" jump refused
    jump published
  }

  chain sent {
    type nat hook output priority -100; policy accept;
    jump published
  }

  # What is not to be asked of the host from elsewhere: its loopback, for DNAT from 127.0.0.1 needs route_localnet, which would
  # let everybody in (CVE-2020-8558), and, from a network, the gateways of others. What comes from ::1 or to it is dropped by
  # the kernel before any rule (RFC 4291 section 2.5.3).
  chain refused {
    ip saddr 127.0.0.0/8 drop
    ip daddr 127.0.0.0/8 drop
    iifgroup != ${bridgeGroup} iifname != @bridges return
    iifname . ip daddr @own_gateways4 return
    iifname . ip6 daddr @own_gateways6 return
    ip daddr @gateways4 drop
    ip6 daddr @gateways6 drop
  }

  # Without a way out, nothing of the host can be reached but what is on the bridge itself: not the broadcast address of another
  # link either. Where the host has no address it hears nothing at all. Not in prerouting: with bridge-nf-call-iptables, what
  # goes from port to port passes there too.
  chain input {
    type filter hook input priority filter; policy accept;
    ${tunnelKey} @tunnels jump tunnelled
    # Forged into a connection of the host with itself.
    ip saddr 127.0.0.0/8 iif != "lo" drop
    meta nfproto . iifname @absent drop
    ct state established accept
    # Errors say what their sender likes about connections that are not its own.
    ct state related meta nfproto . iifname != @closed accept
    # What conntrack does not place came by no chain of type nat.
    ct state invalid,untracked iif != "lo" jump refused
    meta nfproto . iifname @closed fib daddr . iif type != { local, broadcast, multicast } drop
  }

  # VXLAN packets of our networks: whoever may send them decides what is in the network. None but other hosts of the cluster, and no
  # sandbox, whose packets leave in the name of this host. Those of other people's devices have other ids.
  chain tunnelled {
    iifgroup ${bridgeGroup} drop
    iifname @bridges drop
    ip saddr @tunnel_ends4 return
    ip6 saddr @tunnel_ends6 return
    drop
  }

  # A segment that conntrack cannot place is not rewritten: it reaches the host, whose reset would end the connection that it
  # was forged or delayed from.
  chain answering {
    type filter hook output priority filter; policy accept;
    ct state invalid tcp flags & rst == rst drop
  }

  chain published {
    meta nfproto ipv6 goto published_ipv6
    dnat ip to meta l4proto . ip daddr . th dport map @published4
    fib daddr type != local return
    dnat ip to meta l4proto . th dport map @published_any4
  }

  chain published_ipv6 {
    dnat ip6 to meta l4proto . ip6 daddr . th dport map @published6
    # The kernel cannot rewrite what [::1] sends: a relay in our process answers there.
    ip6 daddr ::1 return
    fib daddr type != local return
    dnat ip6 to meta l4proto . th dport map @published_any6
  }

  chain rewritten {
    type nat hook postrouting priority srcnat; policy accept;
    # The host talking to an address of its own in a network.
    oifname "lo" accept
    # By the subnet first: a look for a bridge with its subnet costs ten times as much, and most that come in from
    # elsewhere need none.
    ip saddr @subnets4 goto leaving
    ip6 saddr @subnets6 goto leaving
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
  }

  # What has a source address in one of our networks.
  chain leaving {
    oifname . ip saddr @home4 goto staying
    oifname . ip6 saddr @home6 goto staying
    snat ip to ip saddr map @sources4
    snat ip6 to ip6 saddr map @sources6
    ip saddr @rewritten4 masquerade
    ip6 saddr @rewritten6 masquerade
  }

  # What goes back to the bridge that it came from.
  chain staying {
    # Hairpin: the answer must come back here to be undone, so it is asked for in the host's name. The address tells, not
    # the interface: with bridge-nf-call-iptables the packet never left the bridge and has none that it came by.
    ct status dnat masquerade
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    # On its own bridge a sandbox may have tunnels as it likes. Before what is established: a connection says nothing of ids.
    ${tunnelKey} @tunnel_ids oifname != @bridges jump tunnelled
    ct state established accept
    # Errors about a connection quote it, and whatever else their sender likes: no way for those who have none.
    ct state related meta nfproto . iifname != @closed meta nfproto . oifname != @closed accept
    jump user
    iifname @bridges goto from_network
    meta nfproto . oifname vmap @into
    # With bridge-nf-call-iptables, what other people's bridges carry from port to port comes by here.
    meta iifkind "bridge" meta oifkind "bridge" accept
    # Another controller's networks: its tables decide.
    iifgroup ${bridgeGroup} accept
    oifgroup ${bridgeGroup} accept
    jump foreign
  }

  chain from_network {
    iifname . oifname vmap @within
    meta nfproto . iifname @closed drop
    meta nfproto . oifname vmap @into
    # What conntrack cannot place is not rewritten either, and would show the sandbox's own address outside.
    ct state invalid,untracked ip saddr @rewritten4 drop
    ct state invalid,untracked ip6 saddr @rewritten6 drop
    accept
  }

  # Inside a network whose endpoints may not reach each other (icc off).
  chain apart {
    ct status dnat accept
    drop
  }

  chain nat {
    ct status dnat accept
    iifname . oifname @trusted jump opened
    drop
  }

  chain nat_unprotected {
    ct status dnat accept
    iifname @bridges drop
    accept
  }

  chain routed {
    icmp type echo-request accept
    icmpv6 type echo-request accept
    jump opened
    drop
  }

  chain opened {
    meta l4proto . ip daddr . th dport @opened4 accept
    meta l4proto . ip6 daddr . th dport @opened6 accept
  }
`;

/** Verdicts that elements lead to. */
export const verdicts = {
  accept: "accept",
  drop: "drop",
  apart: "goto apart",
  nat: "goto nat",
  "nat-unprotected": "goto nat_unprotected",
  routed: "goto routed",
} as const;

const bridgeChains = `
  # Before the bridge learns a sender or br_netfilter sees a packet. Frames for 01:80:c2:00:00:0X (IEEE 802.1D) would pass
  # by: the ports of ours have a group_fwd_mask that sends them here. A frame with a VLAN tag has another type and ends here:
  # what is inside could not be checked.
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    # With icc off a port may talk to the bridge itself (pkttype host), as it does for what goes through NAT; not to another
    # port. Isolated ports would be as good, but for bridge-nf-call-iptables, under which NAT hands over from port to port.
    meta pkttype other iifname @apart drop
    # Nearly everything that comes: one look instead of three.
    ether type ip ip protocol != igmp iifname . ether saddr . ip saddr @owners4 accept
    iifname != @guarded goto unguarded
    ether type vmap { ip : goto ipv4_sender, ip6 : goto ipv6_sender, arp : goto arp_sender }
    drop
  }

  # Forged into a connection of the host's loopback with a published port. The kernel drops it too, unless route_localnet (which we
  # set) and accept_local let it in. On nobody's wire is there such a packet (RFC 1122 section 3.2.1.3).
  chain unguarded {
    ip saddr 127.0.0.0/8 drop
    accept
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    meta pkttype { broadcast, multicast } iifname @apart drop
    jump user
  }

  # Whoever asks who listens to which group becomes the one to whom the bridge sends it, and to nobody else in the end.
  chain ipv4_sender {
    igmp type membership-query drop
    iifname . ether saddr . ip saddr @owners4 accept
    # A DHCP client that has no address yet.
    iifname . ether saddr @macs ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept
    drop
  }

  chain arp_sender {
    iifname . ether saddr != @macs drop
    iifname . arp saddr ether . arp saddr ip @owners4 accept
    # Address probes, RFC 5227 section 2.1.1.
    iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 arp operation request accept
    drop
  }

  chain ipv6_sender {
    # nft looks no further than an authentication header, a bridge that snoops does: a query could hide behind it.
    # Hop-by-hop options are 0: their name is known only where there is an /etc/protocols.
    ip6 nexthdr 0 meta l4proto != { icmpv6, tcp, udp } drop
    icmpv6 type vmap { nd-router-advert : drop, nd-redirect : drop, nd-neighbor-advert : goto advertisement, mld-listener-query : drop }
    iifname . ether saddr . ip6 saddr @owners6 accept
    ip6 saddr != :: drop
    iifname . ether saddr != @macs drop
    # Duplicate address detection, for addresses of one's own: anybody else's would be denied to its owner.
    icmpv6 type nd-neighbor-solicit iifname . @th,64,128 @targets6 accept
    icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept
    drop
  }

  chain advertisement {
    # Only what matches is let in: in the first fragment of a longer message there is no target, and no rule about it matches.
    iifname . @th,64,128 @targets6 iifname . ether saddr . ip6 saddr @owners6 accept
    drop
  }
`;

const chainsOf: Readonly<Record<TableFamily, string>> = { inet: inetChains, bridge: bridgeChains };

/** Names of our chains and sets in one table; the operator's chain is none of them. */
export function ourNames(family: TableFamily, sets: FirewallSets): ReadonlySet<string> {
  const chains = [...chainsOf[family].matchAll(/^ {2}chain (\w+)/gm)].map(([, name = ""]) => name);
  const ofFamily = Object.values(sets).filter((set) => set.family === family);
  return new Set([...chains, "foreign", ...ofFamily.map(({ name }) => name)]);
}

/** Sets and chains of one table, the sets empty. `user` and `foreign` are there already. */
export function tableText(family: TableFamily, table: string, sets: FirewallSets): string {
  const declarations = Object.values(sets)
    .filter((set) => set.family === family)
    .map(setText);
  return `table ${family} ${table} {\n${declarations.join("\n")}\n${chainsOf[family]}}\n`;
}

function setText(set: FirewallSet): string {
  const kind = set.data === undefined && set.verdict === undefined ? "set" : "map";
  const type =
    set.keyExpression === undefined ? `type ${set.key.join(" . ")}` : `typeof ${set.keyExpression}`;
  const data = set.verdict ? " : verdict" : set.data === undefined ? "" : ` : ${set.data.join(" . ")}`;
  const flags = set.interval ? " flags interval;" : "";
  return `  ${kind} ${set.name} { ${type}${data};${flags} }`;
}

/** One command a set: `add element inet causeway bridges { "br0", "br1" }`. */
export function elementsText(operation: "add" | "delete", elements: readonly FirewallElement[]): string {
  const bySet = new Map<FirewallSet, string[]>();
  for (const element of elements) {
    const text = elementText(element, operation === "add");
    const others = bySet.get(element.set);
    if (others === undefined) bySet.set(element.set, [text]);
    else others.push(text);
  }
  return [...bySet]
    .map(
      ([set, texts]) =>
        `${operation} element ${set.family} ${set.table} ${set.name} { ${texts.join(", ")} }\n`,
    )
    .join("");
}

function elementText({ set, key, data }: FirewallElement, withData: boolean): string {
  const keyText = dataText(set.key, key);
  if (!withData || data === undefined) return keyText;
  return `${keyText} : ${set.data === undefined ? data.join(" ") : dataText(set.data, data)}`;
}
