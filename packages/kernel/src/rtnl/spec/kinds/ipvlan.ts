/** Children of a link that share its MAC, ipvlan and ipvtap: linux/if_link.h, IFLA_IPVLAN_*. */
import { attrs } from "../../../codec/attrs.ts";
import { choice, u16 } from "../../../codec/codec.ts";

/** enum ipvlan_mode: who forwards between children, a switch, or the parent's routes (`l3s`: with its netfilter too). */
const modes = { l2: 0, l3: 1, l3s: 2 } as const;
/** Whether children reach each other: directly, not at all, or by way of the switch outside. IPVLAN_F_*. */
const isolations = { bridge: 0, private: 1, vepa: 2 } as const;

export type IpvlanMode = keyof typeof modes;
export type IpvlanIsolation = keyof typeof isolations;

export const ipvlan = attrs({
  mode: [1, choice(modes, u16)],
  isolation: [2, choice(isolations, u16)],
});
