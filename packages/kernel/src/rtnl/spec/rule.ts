/**
 * Policy rules on the wire: linux/fib_rules.h (struct fib_rule_hdr, FRA_*).
 */
import { type AttributeTable, type AttrsValue, attrs } from "../../codec/attrs.ts";
import { text, u8, u16, u32, u32be } from "../../codec/codec.ts";
import { ip } from "../../codec/inet.ts";
import { pad, struct } from "../../codec/struct.ts";

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

export const FIB_RULE_INVERT = 2;

/** FR_ACT_*: what becomes of a packet that a rule matches. */
export const ruleActions = {
  /** It is routed by the table. */
  table: 1,
  /** Another rule is asked next. */
  goto: 2,
  /** Nothing: the next rule is asked. */
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;

export const ruleHeader = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  table: u8,
  pad: pad(2),
  action: u8,
  flags: u32,
});

const table = {
  destination: [1, ip],
  source: [2, ip],
  inputInterface: [3, text],
  /** Priority of the rule that `goto` asks next. */
  goto: [4, u32],
  priority: [6, u32],
  /** Firewall mark, and which of its bits count. */
  mark: [10, u32],
  tunnelId: [12, u32be],
  /** Results over a link of this group do not count. */
  suppressInterfaceGroup: [13, u32],
  /** Results with a prefix of this length or a shorter one do not count: 0 passes over default routes. */
  suppressPrefixLength: [14, u32],
  /** Number of the routing table; wider than the header's field of that name. */
  table: [15, u32],
  markMask: [16, u32],
  outputInterface: [17, text],
  /** The packet's interface belongs to a VRF, whose table it is routed by. */
  l3MasterDevice: [19, u8],
  userIds: [20, struct({ start: u32, end: u32 })],
  /** RTPROT_*: who made the rule. */
  protocol: [21, u8],
  /** IPPROTO_* of the packet. */
  ipProtocol: [22, u8],
  sourcePorts: [23, struct({ start: u16, end: u16 })],
  destinationPorts: [24, struct({ start: u16, end: u16 })],
} as const satisfies AttributeTable;

export interface RuleAttributes extends AttrsValue<typeof table> {}
export const ruleAttributes = attrs(table);
