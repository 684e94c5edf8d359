/** MAC-addressed children of a link, macvlan and macvtap: linux/if_link.h, IFLA_MACVLAN_*. */
import { attrs } from "../../../codec/attrs.ts";
import { choice, u16, u32 } from "../../../codec/codec.ts";

/** enum macvlan_mode. */
const modes = {
  /** Children never reach each other. */
  private: 1,
  /** Children reach each other by way of the switch outside. */
  vepa: 2,
  /** Children reach each other directly. */
  bridge: 4,
  /** One child, which takes the parent over. */
  passthru: 8,
  /** Frames go to the child by their sender's MAC. */
  source: 16,
} as const;

export type MacvlanMode = keyof typeof modes;

export const macvlan = attrs({
  mode: [1, choice(modes, u32)],
  /** MACVLAN_FLAG_*: 1 keeps the parent out of promiscuous mode under passthru. */
  flags: [2, u16],
  /** Frames that may wait for being copied to every child. */
  broadcastQueueLength: [7, u32],
});
