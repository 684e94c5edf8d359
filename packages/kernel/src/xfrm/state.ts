/**
 * Security associations ("states"): with what the packets from one address to another are encrypted, or decrypted. Requests that add,
 * list and remove them, one by one. ESP (RFC 4303) in transport mode with an AEAD (RFC 4106). XFRM_MSG_*SA of linux/xfrm.h.
 *
 * The kernel tells a state by destination and SPI. Which of several a packet goes out by, of those with the same addresses and
 * request id: the one that was added last.
 */
import type { ByteReader } from "../codec/bytes.ts";
import { ipToBytes } from "../codec/inet.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import { familyOf, versionOf } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import { addressText, readSelector, type Selector, selectorFields } from "./selector.ts";
import {
  type Aead,
  IPPROTO_ESP,
  type Mark,
  type ReplayCounters,
  stateIdStruct,
  stateStruct,
  unlimited,
  XFRM_MODE_TRANSPORT,
  XFRM_MSG_DELSA,
  XFRM_MSG_GETSA,
  XFRM_MSG_NEWSA,
  XFRM_MSG_UPDSA,
  XFRM_STATE_ESN,
  type XfrmAttributes,
  xfrmAttributes,
} from "./spec.ts";

/** What a state is found by. */
export interface StateId {
  readonly destination: string;
  /** Security parameters index: 256 and more. */
  readonly spi: number;
  /** Only packets with this mark are looked up by it. Default: whatever mark they have. */
  readonly mark?: Mark;
}

export interface StateSettings extends StateId {
  readonly source: string;
  /** Policies name states by it, and whose a state is can be told by it. */
  readonly requestId: number;
  readonly aead: Aead;
  /**
   * Packets that may come out of order, a multiple of 32: what is older, or was here before, is dropped. Sequence numbers have 64 bits.
   */
  readonly replayWindow: number;
  /** Which packets it may carry; what it decrypts and is another is dropped. Default: any between the addresses. */
  readonly selector?: Selector;
  /** A number of the maker's own: the kernel keeps it, and finds a state that it asked for (ACQUIRE) by it. Default: 0. */
  readonly sequence?: number;
}

/** A state as the kernel shows it. */
export interface State {
  readonly source: string;
  readonly destination: string;
  readonly spi: number;
  /** IPPROTO_*: ESP is 50. */
  readonly protocol: number;
  readonly requestId: number;
  readonly mark?: Mark;
  readonly sequence: number;
  readonly selector: Selector;
  /** Absent where it has none. All zeros where the kernel does not show keys (lockdown(7)). */
  readonly aead?: Aead;
  /** Absent where sequence numbers have 32 bits. */
  readonly replay?: ReplayCounters;
  /** Packets that went through. */
  readonly packets: bigint;
}

function settingRequest(operation: string, type: number, flags: number, settings: StateSettings): Request {
  const { source, destination, spi, requestId, aead, replayWindow, mark, sequence = 0 } = settings;
  const selector = settings.selector ?? { family: versionOf(source) };
  const attributes: XfrmAttributes = {
    aead,
    ...(mark === undefined ? {} : { mark }),
    replay: { outgoing: 0, incoming: 0, outgoingHigh: 0, incomingHigh: 0, window: replayWindow },
  };
  return {
    operation,
    subject: subjectOf(settings),
    type,
    flags,
    body(to) {
      stateStruct.write(to, {
        selector: selectorFields(selector),
        id: { destination: ipToBytes(destination), spi, protocol: IPPROTO_ESP },
        source: ipToBytes(source),
        limits: unlimited,
        sequence,
        requestId,
        family: familyOf(destination),
        mode: XFRM_MODE_TRANSPORT,
        flags: XFRM_STATE_ESN,
      });
      xfrmAttributes.write(to, attributes);
    },
  };
}

function subjectOf({ destination, spi }: StateId): string {
  return `state 0x${spi.toString(16).padStart(8, "0")} to ${destination}`;
}

/** Adds a state; EEXIST where there is one of this destination and SPI. */
export function add(settings: StateSettings): Request {
  return settingRequest("XFRM_MSG_NEWSA", XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Completes a state that the kernel asked for (ACQUIRE). Of one that is complete, keys and counters stay. ESRCH where there is none. */
export function update(settings: StateSettings): Request {
  return settingRequest("XFRM_MSG_UPDSA", XFRM_MSG_UPDSA, 0, settings);
}

function idRequest(operation: string, type: number, id: StateId): Request {
  return {
    operation,
    subject: subjectOf(id),
    type,
    flags: 0,
    body(to) {
      const { destination, spi, mark } = id;
      stateIdStruct.write(to, {
        destination: ipToBytes(destination),
        spi,
        family: familyOf(destination),
        protocol: IPPROTO_ESP,
      });
      xfrmAttributes.write(to, mark === undefined ? {} : { mark });
    },
  };
}

/** Removes a state; ESRCH where there is none. */
export function remove(id: StateId): Request {
  return idRequest("XFRM_MSG_DELSA", XFRM_MSG_DELSA, id);
}

function decode(payload: ByteReader): State {
  const { id, source, family, requestId, sequence, selector, usage } = stateStruct.read(payload);
  const { aead, mark, replay } = xfrmAttributes.read(payload);
  return {
    source: addressText(source, family),
    destination: addressText(id.destination, family),
    spi: id.spi,
    protocol: id.protocol,
    requestId,
    ...(mark === undefined ? {} : { mark }),
    sequence,
    selector: readSelector(selector),
    ...(aead === undefined ? {} : { aead }),
    ...(replay === undefined ? {} : { replay }),
    packets: usage.packets,
  };
}

/** ESRCH where there is none. */
export function get(id: StateId): Query<State> {
  return { ...idRequest("XFRM_MSG_GETSA", XFRM_MSG_GETSA, id), decode };
}

export interface StateFilter {
  /** Whose. Default: everybody's. */
  readonly requestId?: number;
}

/** The states of a namespace. */
export function list({ requestId }: StateFilter = {}): Query<State | undefined> {
  return {
    operation: "XFRM_MSG_GETSA",
    subject: "states",
    type: XFRM_MSG_GETSA,
    flags: 0,
    body: () => undefined,
    decode(payload) {
      const state = decode(payload);
      return requestId === undefined || state.requestId === requestId ? state : undefined;
    },
  };
}
