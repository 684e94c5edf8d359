/**
 * What the host forwards, receives and rewrites: chains of the inet family, in the language of nft(8).
 */
import { bridgeGroup } from "../contracts/firewall.ts";
import { tunnelKey } from "./sets.ts";

export const inetChains = `
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
    ${tunnelKey} @tunnels goto received
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
  # sandbox, whose packets leave in the name of this host. Those of other people's devices have other ids. Nearly all
  # that come are good, and every look that they take is one that a stream waits for.
  chain received {
    iifgroup ${bridgeGroup} drop
    meta iifkind "bridge" iifname @bridges drop
    ip saddr @tunnel_ends4 accept
    ip6 saddr @tunnel_ends6 accept
    drop
  }

  # The same, of what goes on to somebody else.
  chain passed_on {
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
    ${tunnelKey} @tunnel_ids oifname != @bridges jump passed_on
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
