/** 802.1Q and 802.1ad children of a link: linux/if_link.h, IFLA_VLAN_*. */
import { attrs } from "../../../codec/attrs.ts";
import { choice, u16, u16be, u32 } from "../../../codec/codec.ts";
import { struct } from "../../../codec/struct.ts";

/** The tag's EtherType. */
const protocols = { "802.1Q": 0x8100, "802.1ad": 0x88a8 } as const;

export const vlan = attrs({
  /** 1 to 4094. */
  id: [1, u16],
  /** VLAN_FLAG_* of linux/if_vlan.h, and which of them are meant. */
  flags: [2, struct({ flags: u32, mask: u32 })],
  protocol: [5, choice(protocols, u16be)],
});
