/**
 * Forwarding entries of bridges and VXLAN devices (fdb: which MAC is behind which port or tunnel end): requests that list,
 * add and remove them. RTM_*NEIGH of rtnetlink(7) with family AF_BRIDGE.
 */
import type { ByteReader } from "../codec/bytes.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import { type NeighbourState, stateName } from "./neighbour.ts";
import {
  AF_BRIDGE,
  type NeighbourAttributes,
  NTF_EXT_LEARNED,
  NTF_MASTER,
  NTF_SELF,
  NTF_STICKY,
  neighbourAttributes,
  neighbourHeader,
  neighbourStates,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "./spec/neighbour.ts";

/** Where an entry is kept: in the link's own table (a VXLAN's), or in that of the bridge it is a port of. */
export type FdbTable = "self" | "master";

export interface FdbSettings {
  /** Index of the link: the VXLAN device, or the bridge's port. */
  readonly link: number;
  readonly mac: string;
  /** Default: `self`. */
  readonly table?: FdbTable;
  /** `permanent` (default) for the link's own MAC, `noarp` for a static entry, `reachable` for one that ages. */
  readonly state?: NeighbourState;
  /** VXLAN: address of the tunnel's other end. */
  readonly remote?: string;
  /** VXLAN: UDP port of the other end; default: the device's. */
  readonly port?: number;
  /** VXLAN: network identifier at the other end; default: the device's. */
  readonly vni?: number;
  readonly vlan?: number;
  /** The entry was learnt by a control plane: the bridge does not age it. */
  readonly externallyLearned?: boolean;
  /** The MAC cannot move to another port. */
  readonly sticky?: boolean;
}

/** An entry as the kernel shows it. */
export interface FdbEntry {
  readonly link: number;
  readonly mac: string;
  readonly table: FdbTable;
  readonly state: NeighbourState;
  /** Index of the bridge, where the link is a port. */
  readonly bridge: number | undefined;
  readonly remote: string | undefined;
  readonly port: number | undefined;
  readonly vni: number | undefined;
  readonly vlan: number | undefined;
  readonly externallyLearned: boolean;
  readonly sticky: boolean;
}

const flagOfTable = { self: NTF_SELF, master: NTF_MASTER } as const;

function fdbRequest(operation: string, type: number, flags: number, settings: FdbSettings): Request {
  const { link, mac, table = "self", state = "permanent", remote, port, vni, vlan } = settings;
  const attributes: NeighbourAttributes = {
    mac,
    ...(remote === undefined ? {} : { address: remote }),
    ...(port === undefined ? {} : { port }),
    ...(vni === undefined ? {} : { vni }),
    ...(vlan === undefined ? {} : { vlan }),
  };
  return {
    operation,
    subject: `${mac} behind link ${link}`,
    type,
    flags,
    body(to) {
      neighbourHeader.write(to, {
        family: AF_BRIDGE,
        link,
        state: neighbourStates[state],
        flags:
          flagOfTable[table] |
          (settings.externallyLearned === true ? NTF_EXT_LEARNED : 0) |
          (settings.sticky === true ? NTF_STICKY : 0),
      });
      neighbourAttributes.write(to, attributes);
    },
  };
}

/** Adds an entry; EEXIST where the table has one of this MAC. */
export function add(settings: FdbSettings): Request {
  return fdbRequest("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Adds an entry, or puts it in the place of the one of this MAC. */
export function replace(settings: FdbSettings): Request {
  return fdbRequest("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, settings);
}

/** VXLAN: one more tunnel end for the all-zero MAC or a multicast one, to which frames are copied. */
export function append(settings: FdbSettings): Request {
  return fdbRequest("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, settings);
}

/** Removes an entry; ENOENT where there is none. */
export function remove(settings: FdbSettings): Request {
  return fdbRequest("RTM_DELNEIGH", RTM_DELNEIGH, 0, settings);
}

function decode(payload: ByteReader): FdbEntry {
  const header = neighbourHeader.read(payload);
  const { mac = "", master, address, port, vni, vlan } = neighbourAttributes.read(payload);
  return {
    link: header.link,
    mac,
    table: (header.flags & NTF_SELF) !== 0 ? "self" : "master",
    state: stateName(header.state),
    bridge: master,
    remote: address,
    port,
    vni,
    vlan,
    externallyLearned: (header.flags & NTF_EXT_LEARNED) !== 0,
    sticky: (header.flags & NTF_STICKY) !== 0,
  };
}

export interface FdbFilter {
  /** Index of a bridge: the entries of its ports. */
  readonly bridge?: number;
  /** Index of a port or of a VXLAN device. */
  readonly link?: number;
}

/** All entries, or those of one bridge or link. */
export function list({ bridge, link }: FdbFilter = {}): Query<FdbEntry> {
  return {
    operation: "RTM_GETNEIGH",
    subject: "forwarding entries",
    type: RTM_GETNEIGH,
    flags: 0,
    body(to) {
      neighbourHeader.write(to, { family: AF_BRIDGE, link: link ?? 0 });
      if (bridge !== undefined) neighbourAttributes.write(to, { master: bridge });
    },
    decode,
  };
}
