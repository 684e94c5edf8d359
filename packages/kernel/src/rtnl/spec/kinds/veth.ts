/** Virtual ethernet pairs: linux/veth.h. The peer is described by a whole link message of its own. */
import { attrs } from "../../../codec/attrs.ts";
import type { Codec } from "../../../codec/codec.ts";
import { linkMessage } from "../link.ts";

/** The far end of a pair: the part of a link's attributes that the kernel takes for it. */
export interface VethPeer {
  readonly index?: number;
  readonly name?: string;
  readonly address?: string;
  readonly mtu?: number;
  /** A descriptor of the namespace in which the far end is made. */
  readonly namespaceFd?: number;
}

export interface Veth {
  readonly peer?: VethPeer;
}

/** Late, because a link's attributes hold a veth's and a veth's hold its peer's. */
const peer: Codec<VethPeer> = {
  write: (to, value) => linkMessage.write(to, value),
  read: (from) => linkMessage.read(from),
};

export const veth: Codec<Veth> = attrs({ peer: [1, peer, "nested"] });
