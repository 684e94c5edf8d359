/** A link as a bridge's port: linux/if_link.h, IFLA_BRPORT_*. */
import { attrs } from "../../../codec/attrs.ts";
import { bool8, u8, u16, u32 } from "../../../codec/codec.ts";

export const bridgePort = attrs({
  /** 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking. */
  state: [1, u8],
  priority: [2, u16],
  cost: [3, u32],
  /** Frames may leave by the port that they came in by. */
  hairpin: [4, bool8],
  bpduGuard: [5, bool8],
  rootBlock: [6, bool8],
  fastLeave: [7, bool8],
  learning: [8, bool8],
  unicastFlood: [9, bool8],
  proxyArp: [10, bool8],
  multicastRouter: [25, u8],
  multicastFlood: [27, bool8],
  broadcastFlood: [30, bool8],
  /** Bit X set: frames for 01:80:c2:00:00:0X are forwarded as all others are. Bit 1 (pause frames) is refused. */
  groupForwardMask: [31, u16],
  neighbourSuppression: [32, bool8],
  /** Isolated ports reach ports that are not isolated, and never each other. */
  isolated: [33, bool8],
});
