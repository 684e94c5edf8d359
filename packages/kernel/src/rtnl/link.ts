/**
 * Links (network interfaces): requests that list, make, change and delete them. RTM_*LINK of rtnetlink(7).
 *
 * These functions only build requests; Rtnl sends them, several at once where that is wanted.
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import {
  IFF_UP,
  type LinkAttributes,
  type LinkMessage,
  linkMessage,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from "./spec/link.ts";

/** A link as the kernel shows it. */
export interface Link extends LinkAttributes {
  readonly index: number;
  readonly name: string;
  /** IFF_* of linux/if.h. */
  readonly flags: number;
}

/** Which link is meant. */
export type LinkSelector = { readonly index: number } | { readonly name: string };

export interface LinkSettings extends LinkAttributes {
  /** Administrative state; default: as it is. A link cannot be up in the message that makes it. */
  readonly up?: boolean;
}

const subjectOf = (selector: LinkSelector) => ("name" in selector ? selector.name : `link ${selector.index}`);

function message(
  operation: string,
  type: number,
  flags: number,
  subject: string,
  body: LinkMessage,
): Request {
  return { operation, subject, type, flags, body: (to) => linkMessage.write(to, body) };
}

/** Makes a link; fails with EEXIST where the name is taken. `info.kind` says what it is. */
export function create(link: LinkAttributes & { readonly name: string }): Request {
  return message("RTM_NEWLINK", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link.name, link);
}

/** Changes a link: state, MTU, MAC, alias, master, attributes of its kind. To rename it, select it by index. */
export function change(selector: LinkSelector, { up, ...attributes }: LinkSettings): Request {
  const state = up === undefined ? {} : { flags: up ? IFF_UP : 0, change: IFF_UP };
  return message("RTM_NEWLINK", RTM_NEWLINK, 0, subjectOf(selector), {
    ...selector,
    ...state,
    ...attributes,
  });
}

/** Gives a link another name, and optionally another namespace: costs tens of milliseconds (RCU). */
export function move(
  selector: LinkSelector,
  target: { readonly namespaceFd?: number; readonly name?: string },
): Request {
  const index = "index" in selector ? { index: selector.index } : {};
  const current = "name" in selector ? { name: selector.name } : {};
  return message("RTM_NEWLINK", RTM_NEWLINK, 0, subjectOf(selector), { ...index, ...current, ...target });
}

/** Deletes one link: 18 to 32 ms under the kernel's global lock, whatever it is. The reaper is where to hand it. */
export function remove(selector: LinkSelector): Request {
  return message("RTM_DELLINK", RTM_DELLINK, 0, subjectOf(selector), { ...selector });
}

/** Deletes all links of a group at about 0.5 ms each, in one hold of the global lock. */
export function removeGroup(group: number): Request {
  return message("RTM_DELLINK", RTM_DELLINK, 0, `group ${group}`, { group });
}

// linux/rtnetlink.h: counters are left out of the answer unless they are asked for.
const RTEXT_FILTER_SKIP_STATS = 8;

function decode(payload: ByteReader): Link {
  const { name = "", ...link } = linkMessage.read(payload);
  return { index: 0, flags: 0, ...link, name };
}

export interface GetOptions {
  /** Include `statistics`. Default: false. */
  readonly statistics?: boolean;
}

function getRequest(subject: string, selector: Partial<LinkMessage>, options: GetOptions): Query<Link> {
  const mask = options.statistics === true ? {} : { extendedMask: RTEXT_FILTER_SKIP_STATS };
  return { ...message("RTM_GETLINK", RTM_GETLINK, 0, subject, { ...selector, ...mask }), decode };
}

/** One link; ENODEV where there is none. */
export function get(selector: LinkSelector, options: GetOptions = {}): Query<Link> {
  return getRequest(subjectOf(selector), selector, options);
}

/** All links, or the ports of one bridge. */
export function list(options: GetOptions & { readonly master?: number } = {}): Query<Link> {
  const { master } = options;
  return getRequest("all links", master === undefined ? {} : { master }, options);
}

/** True where a link is administratively up. */
export function isUp(link: Link): boolean {
  return (link.flags & IFF_UP) !== 0;
}
