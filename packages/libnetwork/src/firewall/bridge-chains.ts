/**
 * What a bridge lets in by its ports: chains of the bridge family, in the language of nft(8).
 */

/** Who is held to addresses of its own, and what else is said of senders. */
const senders = `
  # Forged into a connection of the host's loopback with a published port. The kernel drops it too, unless route_localnet (which we
  # set) and accept_local let it in. On nobody's wire is there such a packet (RFC 1122 section 3.2.1.3).
  chain unguarded {
    ip saddr 127.0.0.0/8 drop
    accept
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

/** Of a frame that comes in by a port. */
const looks = `
    # Nearly everything that comes: one look instead of three.
    ether type ip ip protocol != igmp iifname . ether saddr . ip saddr @owners4 accept
    iifname != @guarded goto unguarded
    ether type vmap { ip : goto ipv4_sender, ip6 : goto ipv6_sender, arp : goto arp_sender }
    drop
`;

/** Of all bridges of a host. */
export const bridgeChains = `
  # Before the bridge learns a sender or br_netfilter sees a packet. Frames for 01:80:c2:00:00:0X (IEEE 802.1D) would pass
  # by: the ports of ours have a group_fwd_mask that sends them here. A frame with a VLAN tag has another type and ends here:
  # what is inside could not be checked.
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    # With icc off a port may talk to the bridge itself (pkttype host), as it does for what goes through NAT; not to another
    # port. Isolated ports would be as good, but for bridge-nf-call-iptables, under which NAT hands over from port to port.
    meta pkttype other iifname @apart drop${looks}  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    meta pkttype { broadcast, multicast } iifname @apart drop
    jump user
  }
${senders}`;

/**
 * Of a bridge that has a namespace to itself, with tunnels to other hosts. None of its ports is held apart and no operator has rules there:
 * without a hook for what is forwarded a stream is 3 % faster.
 */
export const segmentChains = `
  # Frames for 01:80:c2:00:00:0X and those with a VLAN tag: as on a host's bridges.
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    # What comes by a tunnel was looked at where it came from.
    meta iifkind "vxlan" accept${looks}  }
${senders}`;
