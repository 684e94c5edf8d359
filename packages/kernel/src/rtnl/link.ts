/**
 * Links (network interfaces): requests that list, make, change and delete them. RTM_*LINK of rtnetlink(7).
 *
 * These functions only build requests; Rtnl sends them, several at once where that is wanted.
 */
import { scanAttributes } from "../codec/attrs.ts";
import { NETLINK_ROUTE, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import type { Topic } from "../netlink/monitor.ts";
import {
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_RUNNING,
  IFF_UP,
  IFLA_QDISC,
  type LinkAttributes,
  type LinkMessage,
  linkMessage,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from "./spec/link.ts";
import { linkHeader } from "./spec/link-header.ts";

export { addressGeneration } from "./spec/link.ts";

/** A link as the kernel shows it. */
export interface Link extends LinkAttributes {
  readonly index: number;
  readonly name: string;
  /** IFF_* of linux/if.h. */
  readonly flags: number;
}

/** Which link is meant; `name` may be one of its alternative names. */
export type LinkSelector = { readonly index: number } | { readonly name: string };

/** What can be changed of a link that is there; {@link rename} gives it another name. */
export interface LinkSettings extends Omit<LinkAttributes, "name"> {
  /** Administrative state; default: as it is. A link cannot be up in the message that makes it. */
  readonly up?: boolean;
}

/** IFNAMSIZ without the closing NUL; only alternative names are longer. */
const longestName = 15;

const subjectOf = (selector: LinkSelector) => ("name" in selector ? selector.name : `link ${selector.index}`);

function attributesOf(selector: LinkSelector): LinkMessage {
  if ("index" in selector) return { index: selector.index };
  if (Buffer.byteLength(selector.name) > longestName) return { alternativeName: selector.name };
  return { name: selector.name };
}

function message(
  operation: string,
  type: number,
  flags: number,
  subject: string,
  body: LinkMessage,
): Request {
  return { operation, subject, type, flags, body: (to) => linkMessage.write(to, body) };
}

function settingsMessage(
  subject: string,
  selector: LinkMessage,
  { up, ...attributes }: LinkSettings,
): Request {
  const state = up === undefined ? {} : { flags: up ? IFF_UP : 0, change: IFF_UP };
  return message("RTM_NEWLINK", RTM_NEWLINK, 0, subject, { ...selector, ...state, ...attributes });
}

/** A link that is to be made. */
interface NewLink extends LinkAttributes {
  readonly name: string;
  /** Default: the namespace's next. */
  readonly index?: number;
}

/** Makes a link; fails with EEXIST where the name or the index is taken. `info.kind` says what it is. */
export function create(link: NewLink): Request {
  return message("RTM_NEWLINK", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link.name, link);
}

/** Changes a link: state, MTU, MAC, alias, master, group, attributes of its kind. */
export function change(selector: LinkSelector, settings: LinkSettings): Request {
  return settingsMessage(subjectOf(selector), attributesOf(selector), settings);
}

/** Changes all links of a group: state, MTU, queue length. */
export function changeGroup(group: number, settings: Omit<LinkSettings, "group">): Request {
  return settingsMessage(`group ${group}`, { group }, settings);
}

/**
 * Gives a link another name: costs tens of milliseconds (RCU). It is selected by index, because a message has place for
 * one name only.
 */
export function rename({ index }: { readonly index: number }, name: string): Request {
  return message("RTM_NEWLINK", RTM_NEWLINK, 0, `link ${index}`, { index, name });
}

/** Moves a link to another namespace, under the same name: costs tens of milliseconds (RCU). It arrives down and without addresses. */
export function move(selector: LinkSelector, target: { readonly namespaceFd: number }): Request;
/**
 * Moves and renames; for that, it is selected by index. Where the name is taken there, it is refused with EEXIST and has moved all the same, under the
 * name that it had, unless that is taken, too.
 */
export function move(
  selector: { readonly index: number },
  target: { readonly namespaceFd: number; readonly name: string },
): Request;
export function move(
  selector: LinkSelector,
  target: { readonly namespaceFd: number; readonly name?: string },
): Request {
  const body = { ...attributesOf(selector), ...target };
  return message("RTM_NEWLINK", RTM_NEWLINK, 0, subjectOf(selector), body);
}

/** Gives a link more names, by which it can be selected too: at most 127 bytes each. */
export function addAlternativeNames(selector: LinkSelector, names: readonly string[]): Request {
  const body = { ...attributesOf(selector), alternativeNames: names };
  const flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND;
  return message("RTM_NEWLINKPROP", RTM_NEWLINKPROP, flags, subjectOf(selector), body);
}

export function removeAlternativeNames(selector: LinkSelector, names: readonly string[]): Request {
  const body = { ...attributesOf(selector), alternativeNames: names };
  return message("RTM_DELLINKPROP", RTM_DELLINKPROP, 0, subjectOf(selector), body);
}

/** Deletes one link: 18 to 32 ms under the kernel's global lock, whatever it is. The reaper is where to hand it. */
export function remove(selector: LinkSelector): Request {
  return message("RTM_DELLINK", RTM_DELLINK, 0, subjectOf(selector), attributesOf(selector));
}

/** Deletes all links of a group at about 0.5 ms each, in one hold of the global lock. */
export function removeGroup(group: number): Request {
  return message("RTM_DELLINK", RTM_DELLINK, 0, `group ${group}`, { group });
}

/**
 * linux/rtnetlink.h, RTEXT_FILTER_SKIP_STATS: leave out the counters of IPv6, which the kernel would have to sum up over
 * all CPUs and which nobody reads here. (It does not leave out `statistics`, whatever the name says.)
 */
const withoutIpv6Counters = { extendedMask: 8 } as const;

function shown({ name = "", ...link }: LinkMessage): Link {
  return { index: 0, flags: 0, ...link, name };
}

function getRequest(subject: string, body: LinkMessage): Query<Link> {
  return {
    ...message("RTM_GETLINK", RTM_GETLINK, 0, subject, { ...body, ...withoutIpv6Counters }),
    decode: (payload) => shown(linkMessage.read(payload)),
  };
}

/** Where a link is asked for. */
export interface LinkPlace {
  /** The number that the socket's namespace has for another, which is meant. Default: its own. */
  readonly namespaceId?: number | undefined;
}

const placeOf = ({ namespaceId }: LinkPlace): LinkMessage =>
  namespaceId === undefined ? {} : { targetNamespaceId: namespaceId };

/** One link; ENODEV where there is none, EINVAL where there is no namespace of that number. */
export function get(selector: LinkSelector, place: LinkPlace = {}): Query<Link> {
  return getRequest(subjectOf(selector), { ...attributesOf(selector), ...placeOf(place) });
}

/** The index alone of a link: a tenth of what taking the whole answer apart costs. */
export function getIndex(selector: LinkSelector): Query<number> {
  return {
    ...getRequest(subjectOf(selector), attributesOf(selector)),
    decode: (payload) => linkHeader.read(payload).index,
  };
}

/** The discipline of a link that drops what it is to send. */
const noQdisc = "noop\0";

/**
 * Whether the kernel has acted on the carrier that a link has: before it has, what the link is to send is dropped, and a
 * bridge's new port forwards nothing. True for a link without a carrier. From Linux 6.8 on the kernel catches up with what is
 * waiting before it answers; an older one does so in its own time (linkwatch), mostly within a millisecond. As cheap as
 * {@link getIndex}.
 */
export function hasCaughtUp(selector: LinkSelector): Query<boolean> {
  return {
    ...getRequest(subjectOf(selector), attributesOf(selector)),
    decode(payload) {
      const { flags } = linkHeader.read(payload);
      if ((flags & IFF_LOWER_UP) === 0) return true;
      // Running alone is not enough: a link of which nothing is known yet is said to run.
      if ((flags & IFF_RUNNING) === 0) return false;
      const bytes = payload.view();
      let drops = false;
      scanAttributes(bytes, 0, bytes.length, (type, start, end) => {
        if (type === IFLA_QDISC) drops = bytes.toString("latin1", start, end) === noQdisc;
      });
      return !drops;
    },
  };
}

/** What the kernel can choose links by. */
export interface LinkFilter extends LinkPlace {
  /** Index of a bridge: its ports. */
  readonly master?: number;
  readonly kind?: string;
}

/** All links, or those that a filter chooses. */
export function list({ master, kind, ...place }: LinkFilter = {}): Query<Link> {
  return getRequest("all links", {
    ...placeOf(place),
    ...(master === undefined ? {} : { master }),
    ...(kind === undefined ? {} : { info: { kind } }),
  });
}

/** True where a link is administratively up. */
export function isUp(link: Link): boolean {
  return (link.flags & IFF_UP) !== 0;
}

/** True for `lo`. */
export function isLoopback(link: Link): boolean {
  return (link.flags & IFF_LOOPBACK) !== 0;
}

export interface LinkEvent {
  readonly type: "link";
  /** `set`: it was made or has changed. */
  readonly change: "set" | "removed";
  readonly link: Link;
}

const RTNLGRP_LINK = 1;
const AF_UNSPEC = 0;

/** Links that come, change and go. Not told: another alias of a link that is down. */
export const events: Topic<LinkEvent> = {
  protocol: NETLINK_ROUTE,
  groups: [RTNLGRP_LINK],
  decode({ type, payload }) {
    if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return undefined;
    const { family, ...link } = linkMessage.read(payload);
    // A bridge's ports are told once more, as such, with family AF_BRIDGE.
    if (family !== AF_UNSPEC) return undefined;
    return { type: "link", change: type === RTM_NEWLINK ? "set" : "removed", link: shown(link) };
  },
};
