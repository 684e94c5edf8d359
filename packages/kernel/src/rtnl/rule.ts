/**
 * Policy rules: which packets are routed by which table. Requests that list, add and remove them. RTM_*RULE of rtnetlink(7).
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import { familyOfVersion, type IpVersion, parsePrefix, versionOfFamily } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import {
  FIB_RULE_INVERT,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
  type RuleAttributes,
  ruleActions,
  ruleAttributes,
  ruleHeader,
} from "./spec/rule.ts";

export type RuleAction = keyof typeof ruleActions;

export interface RuleSettings extends Omit<RuleAttributes, "source" | "destination"> {
  readonly family: IpVersion;
  /** The lower is asked first. Default: the kernel's choice, one before the first that is there. */
  readonly priority?: number;
  /** CIDR that the packet's source is in; default: any. */
  readonly source?: string;
  /** CIDR that the packet's destination is in; default: any. */
  readonly destination?: string;
  /** Default: `table`. */
  readonly action?: RuleAction;
  /** It matches the packets that all the rest does not. */
  readonly invert?: boolean;
}

/** A rule as the kernel shows it. */
export interface Rule extends RuleSettings {
  readonly priority: number;
  readonly table: number;
  readonly action: RuleAction;
  readonly invert: boolean;
}

const actionNames = new Map(
  Object.entries(ruleActions).map(([name, number]) => [number as number, name as RuleAction]),
);

function ruleRequest(operation: string, type: number, flags: number, settings: RuleSettings): Request {
  const { family, source, destination, action = "table", invert = false, ...attributes } = settings;
  const from = source === undefined ? undefined : parsePrefix(source);
  const to = destination === undefined ? undefined : parsePrefix(destination);
  return {
    operation,
    subject: `rule ${settings.priority ?? ""} of IPv${family}`,
    type,
    flags,
    body(writer) {
      ruleHeader.write(writer, {
        family: familyOfVersion(family),
        sourceLength: from?.length ?? 0,
        destinationLength: to?.length ?? 0,
        action: ruleActions[action],
        flags: invert ? FIB_RULE_INVERT : 0,
      });
      ruleAttributes.write(writer, {
        ...attributes,
        ...(from === undefined ? {} : { source: from.address }),
        ...(to === undefined ? {} : { destination: to.address }),
      });
    },
  };
}

/** Adds a rule; EEXIST where there is the same one. */
export function add(settings: RuleSettings): Request {
  return ruleRequest("RTM_NEWRULE", RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Removes the first rule that has all of these settings; ENOENT where there is none. */
export function remove(settings: RuleSettings): Request {
  return ruleRequest("RTM_DELRULE", RTM_DELRULE, 0, settings);
}

/** What the kernel shows where nothing is suppressed: -1. */
const none = 0xffff_ffff;

function decode(payload: ByteReader): Rule {
  const header = ruleHeader.read(payload);
  const { source, destination, suppressPrefixLength = none, ...attributes } = ruleAttributes.read(payload);
  return {
    // The kernel leaves a priority of 0 out.
    priority: 0,
    table: header.table,
    ...attributes,
    family: versionOfFamily(header.family),
    action: actionNames.get(header.action) ?? "nop",
    invert: (header.flags & FIB_RULE_INVERT) !== 0,
    ...(suppressPrefixLength === none ? {} : { suppressPrefixLength }),
    ...(source === undefined ? {} : { source: `${source}/${header.sourceLength}` }),
    ...(destination === undefined ? {} : { destination: `${destination}/${header.destinationLength}` }),
  };
}

/** The rules of one family, in the order in which they are asked. */
export function list({ family }: { readonly family: IpVersion }): Query<Rule> {
  return {
    operation: "RTM_GETRULE",
    subject: `rules of IPv${family}`,
    type: RTM_GETRULE,
    flags: 0,
    body: (to) => ruleHeader.write(to, { family: familyOfVersion(family) }),
    decode,
  };
}

export interface RuleEvent {
  readonly type: "rule";
  /** `set`: it was added or has changed. */
  readonly change: "set" | "removed";
  readonly rule: Rule;
}

const RTNLGRP_IPV4_RULE = 8;
const RTNLGRP_IPV6_RULE = 19;

/** Rules that come and go. */
export const events: Topic<RuleEvent> = {
  protocol: NETLINK_ROUTE,
  groups: [RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
  decode({ type, payload }) {
    if (type !== RTM_NEWRULE && type !== RTM_DELRULE) return undefined;
    return { type: "rule", change: type === RTM_NEWRULE ? "set" : "removed", rule: decode(payload) };
  },
};
