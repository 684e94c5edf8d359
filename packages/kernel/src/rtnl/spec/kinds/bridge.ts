/** Bridges: linux/if_link.h, IFLA_BR_*. Times are in hundredths of a second (USER_HZ). */
import { attrs } from "../../../codec/attrs.ts";
import { bool8, u8, u16, u16be, u32 } from "../../../codec/codec.ts";

export const bridge = attrs({
  forwardDelay: [1, u32],
  helloTime: [2, u32],
  maxAge: [3, u32],
  ageingTime: [4, u32],
  stpState: [5, u32],
  priority: [6, u16],
  vlanFiltering: [7, bool8],
  vlanProtocol: [8, u16be],
  groupForwardMask: [9, u16],
  multicastRouter: [22, u8],
  multicastSnooping: [23, bool8],
  multicastQuerier: [25, bool8],
  nfCallIptables: [36, bool8],
  nfCallIp6tables: [37, bool8],
  nfCallArptables: [38, bool8],
  vlanDefaultPvid: [39, u16],
});
