/**
 * What the overlay driver works with, handed to it by who opens it.
 */
import type { Rtnl } from "@causeway/kernel";
import type { Firewall } from "../../contracts/firewall.ts";
import type { ClusterHost, NumberClaims, TunnelCipher } from "../../contracts/overlay.ts";
import type { SegmentReaper } from "./host-end.ts";
import type { OpenFirewall } from "./segment.ts";

export interface OverlayDriverParts {
  /** A connection to rtnetlink in the host's namespace. */
  readonly rtnl: Rtnl;
  readonly reaper: SegmentReaper;
  readonly numbers: NumberClaims;
  /** Undefined: no network can be encrypted. */
  readonly cipher: TunnelCipher | undefined;
  /** Opens the packet filter of a network's namespace. */
  readonly openFirewall: OpenFirewall;
  /** The host's own packet filter: who may send to its tunnels. */
  readonly firewall: Pick<Firewall, "apply">;
  /** This host, as the others reach it. */
  readonly self: Pick<ClusterHost, "id" | "address">;
  /** Alias of a link in the kernel, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
  /** Where the namespace of a network is kept. */
  readonly namespacePath: (networkId: string) => string;
}
