/**
 * IPsec on the wire: linux/xfrm.h. Structures begin with what they are about, and attributes follow.
 */
import { type AttributeTable, type AttrsValue, attrs } from "../codec/attrs.ts";
import { type Codec, i32, u8, u16, u16be, u32, u32be } from "../codec/codec.ts";
import { bytes, pad, struct, u64 } from "../codec/struct.ts";

export const XFRM_MSG_NEWSA = 0x10;
export const XFRM_MSG_DELSA = 0x11;
export const XFRM_MSG_GETSA = 0x12;
export const XFRM_MSG_NEWPOLICY = 0x13;
export const XFRM_MSG_DELPOLICY = 0x14;
export const XFRM_MSG_GETPOLICY = 0x15;
export const XFRM_MSG_UPDPOLICY = 0x19;
export const XFRM_MSG_UPDSA = 0x1a;

export const IPPROTO_ESP = 50;
export const XFRM_MODE_TRANSPORT = 0;
/** Sequence numbers of 64 bits: extended sequence numbers, RFC 4303 section 2.2.1. */
export const XFRM_STATE_ESN = 128;

/** xfrm_address_t: of which family, another field of the structure says. */
const address = bytes(16);

/** struct xfrm_selector: which packets. */
export const selectorStruct = struct({
  destination: address,
  source: address,
  destinationPort: u16be,
  destinationPortMask: u16be,
  sourcePort: u16be,
  sourcePortMask: u16be,
  family: u16,
  destinationLength: u8,
  sourceLength: u8,
  /** IPPROTO_*; 0: any. */
  protocol: u8,
  pad: pad(3),
  link: i32,
  user: u32,
});

/** struct xfrm_id: what a packet that comes in names its state by. */
const identity = struct({ destination: address, spi: u32be, protocol: u8, pad: pad(3) });

/** struct xfrm_lifetime_cfg: XFRM_INF is no limit of bytes and packets, 0 none of seconds. */
const limits = struct({
  softBytes: u64,
  hardBytes: u64,
  softPackets: u64,
  hardPackets: u64,
  softSecondsAfterAdding: u64,
  hardSecondsAfterAdding: u64,
  softSecondsAfterUse: u64,
  hardSecondsAfterUse: u64,
});

const XFRM_INF = 0xffff_ffff_ffff_ffffn;
export const unlimited = {
  softBytes: XFRM_INF,
  hardBytes: XFRM_INF,
  softPackets: XFRM_INF,
  hardPackets: XFRM_INF,
} as const;

/** struct xfrm_lifetime_cur; times in seconds since 1970. */
const usage = struct({ bytes: u64, packets: u64, addedAt: u64, usedAt: u64 });

/** struct xfrm_usersa_info: 224 bytes, whose tail is padding. */
export const stateStruct = struct({
  selector: selectorStruct,
  id: identity,
  source: address,
  limits,
  usage,
  /** struct xfrm_stats */
  statistics: struct({ replayWindow: u32, replayed: u32, failed: u32 }),
  sequence: u32,
  requestId: u32,
  family: u16,
  mode: u8,
  replayWindow: u8,
  flags: u8,
  pad: pad(7),
});

/** struct xfrm_usersa_id */
export const stateIdStruct = struct({
  destination: address,
  spi: u32be,
  family: u16,
  protocol: u8,
  pad: pad(1),
});

/** struct xfrm_userpolicy_info: 168 bytes, whose tail is padding. */
export const policyStruct = struct({
  selector: selectorStruct,
  limits,
  usage,
  priority: u32,
  index: u32,
  direction: u8,
  action: u8,
  flags: u8,
  share: u8,
  pad: pad(4),
});

/** struct xfrm_userpolicy_id */
export const policyIdStruct = struct({ selector: selectorStruct, index: u32, direction: u8, pad: pad(3) });

/** struct xfrm_user_tmpl: 64 bytes, what a policy's packets have to be made, or have been. */
const templateStruct = struct({
  id: identity,
  family: u16,
  pad: pad(2),
  source: address,
  requestId: u32,
  mode: u8,
  share: u8,
  optional: u8,
  padding: pad(1),
  authentications: u32,
  encryptions: u32,
  compressions: u32,
});

export const anyAlgorithm = {
  authentications: 0xffff_ffff,
  encryptions: 0xffff_ffff,
  compressions: 0xffff_ffff,
} as const;

export type TemplateFields = ReturnType<typeof templateStruct.read>;

/** XFRMA_TMPL: one structure behind the other. */
const templates: Codec<readonly TemplateFields[]> = {
  write(to, values) {
    for (const value of values) templateStruct.write(to, value);
  },
  read(from) {
    const values: TemplateFields[] = [];
    while (from.remaining > 0) values.push(templateStruct.read(from));
    return values;
  },
};

/** An algorithm that encrypts and authenticates (AEAD). */
export interface Aead {
  /** The kernel's name, such as `rfc4106(gcm(aes))`. */
  readonly algorithm: string;
  /** With the salt behind it, where the algorithm has one. */
  readonly key: Uint8Array;
  /** Bits of the integrity check value. */
  readonly icvBits: number;
}

const algorithmNameLength = 64;

/** struct xfrm_algo_aead */
const aead: Codec<Aead> = {
  write(to, { algorithm, key, icvBits }) {
    const start = to.length;
    to.cString(algorithm);
    to.reserve(algorithmNameLength - (to.length - start));
    to.u32(key.length * 8);
    to.u32(icvBits);
    to.raw(key);
  },
  read(from) {
    const algorithm = from.slice(algorithmNameLength).cString();
    const keyBits = from.u32();
    const icvBits = from.u32();
    return { algorithm, key: from.raw(Math.ceil(keyBits / 8)), icvBits };
  },
};

const replayStruct = struct({
  outgoing: u32,
  incoming: u32,
  outgoingHigh: u32,
  incomingHigh: u32,
  /** Packets that may come out of order. */
  window: u32,
});

/** How far the counting of packets is, both ways: 32 bits and the 32 above them. */
export type ReplayCounters = ReturnType<typeof replayStruct.read>;

/** struct xfrm_replay_state_esn; the bitmap of what has come is left out, which is an empty one, and passed over when reading. */
const replay: Codec<ReplayCounters> = {
  write(to, value) {
    to.u32(Math.ceil(value.window / 32));
    replayStruct.write(to, value);
  },
  read(from) {
    from.skip(4);
    const value = replayStruct.read(from);
    from.skip(from.remaining);
    return value;
  },
};

/** struct xfrm_mark: packets are meant that have, of the bits of the mask, those of the value. */
export interface Mark {
  readonly value: number;
  readonly mask: number;
}

const mark: Codec<Mark> = struct({ value: u32, mask: u32 });

const table = {
  templates: [5, templates],
  /** Of a state that is asked for by its addresses. */
  source: [13, address],
  aead: [18, aead],
  mark: [21, mark],
  replay: [23, replay],
  /** Which virtual interface (kind xfrm) the packets go through. */
  interfaceId: [31, u32],
} as const satisfies AttributeTable;

export interface XfrmAttributes extends AttrsValue<typeof table> {}
export const xfrmAttributes = attrs(table);
