/** TUN and TAP devices, as shown: linux/if_link.h, IFLA_TUN_*. They are made by sys/tun.ts, not by a message. */
import { attrs } from "../../../codec/attrs.ts";
import { bool8, choice, u8, u32 } from "../../../codec/codec.ts";

export const tun = attrs({
  /** User id of who may open it. */
  owner: [1, u32],
  /** Group id of who may open it. */
  group: [2, u32],
  type: [3, choice({ tun: 1, tap: 2 }, u8)],
  packetInformation: [4, bool8],
  vnetHeader: [5, bool8],
  /** It stays when the last descriptor is closed. */
  persistent: [6, bool8],
  multiQueue: [7, bool8],
  queues: [8, u32],
  disabledQueues: [9, u32],
});
