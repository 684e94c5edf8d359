/** Virtual ethernet pairs: linux/veth.h. The peer is described by a whole link message of its own. */
import { attrs } from "../../../codec/attrs.ts";
import type { Codec } from "../../../codec/codec.ts";
import { type LinkMessage, linkMessage } from "../link.ts";

export interface Veth {
  readonly peer: LinkMessage;
}

/** Late, because a link's attributes hold a veth's and a veth's hold its peer's. */
const peer: Codec<LinkMessage> = {
  write: (to, value) => linkMessage.write(to, value),
  read: (from) => linkMessage.read(from),
};

export const veth = attrs({ peer: [1, peer, "nested"] });
