/** Virtual ethernet pairs: linux/veth.h. The far end is described by a link message of its own. */
import { attrs } from "../../../codec/attrs.ts";
import { type Codec, text, u32, type ValueOf } from "../../../codec/codec.ts";
import { mac } from "../../../codec/inet.ts";
import { linkHeader } from "../link-header.ts";

/** IFLA_* that the kernel takes for the far end. */
const peerAttributes = attrs({
  address: [1, mac],
  name: [3, text],
  mtu: [4, u32],
  /** A descriptor of the namespace in which the far end is made. */
  namespaceFd: [28, u32],
  transmitQueues: [31, u32],
  receiveQueues: [32, u32],
});

/** The far end of a pair. */
export type VethPeer = ValueOf<typeof peerAttributes>;

const peer: Codec<VethPeer> = {
  write(to, value) {
    linkHeader.write(to, {});
    peerAttributes.write(to, value);
  },
  read(from) {
    linkHeader.read(from);
    return peerAttributes.read(from);
  },
};

export const veth = attrs({ peer: [1, peer, "nested"] });
