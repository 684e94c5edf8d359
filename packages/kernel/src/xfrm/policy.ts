/**
 * Policies: which packets have to be encrypted when they go out, and must have been when they come in. Requests that add, list and
 * remove them, one by one. XFRM_MSG_*POLICY of linux/xfrm.h.
 *
 * A packet that goes out and for which there is no state is dropped, and so is one that comes in and was not decrypted by such a state.
 */
import type { ByteReader } from "../codec/bytes.ts";
import { ipToBytes } from "../codec/inet.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import { familyOfVersion } from "../netlink/family.ts";
import type { Query, Request } from "../netlink/message.ts";
import { readSelector, type Selector, selectorFields } from "./selector.ts";
import {
  anyAlgorithm,
  IPPROTO_ESP,
  type Mark,
  policyIdStruct,
  policyStruct,
  type TemplateFields,
  unlimited,
  XFRM_MODE_TRANSPORT,
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_GETPOLICY,
  XFRM_MSG_NEWPOLICY,
  XFRM_MSG_UPDPOLICY,
  xfrmAttributes,
} from "./spec.ts";

const directions = { in: 0, out: 1, forward: 2 } as const;
const actions = { allow: 0, block: 1 } as const;

export type Direction = keyof typeof directions;

/** By which state: ESP in transport mode. */
export interface Template {
  /** The states with this request id. */
  readonly requestId: number;
  /** One of these alone. Default: any. */
  readonly spi?: number;
}

/** What a policy is found by. */
export interface PolicyId {
  readonly direction: Direction;
  readonly selector: Selector;
  /** Only packets with this mark are meant. Default: whatever mark they have. */
  readonly mark?: Mark;
}

export interface PolicySettings extends PolicyId {
  /** The lower is asked first. Default: 0. */
  readonly priority?: number;
  /** `block`: such packets are dropped. Default: `allow`. */
  readonly action?: keyof typeof actions;
  /** How they have to be encrypted. Default: not at all. */
  readonly templates?: readonly Template[];
}

/** A policy as the kernel shows it. */
export interface Policy extends Required<Omit<PolicySettings, "mark">> {
  readonly mark?: Mark;
}

function templateFields({ selector }: PolicyId, { requestId, spi = 0 }: Template): TemplateFields {
  const nowhere = ipToBytes(selector.family === 4 ? "0.0.0.0" : "::");
  return {
    id: { destination: nowhere, spi, protocol: IPPROTO_ESP },
    family: familyOfVersion(selector.family),
    source: nowhere,
    requestId,
    mode: XFRM_MODE_TRANSPORT,
    share: 0,
    optional: 0,
    ...anyAlgorithm,
  };
}

function subjectOf({ direction, selector, mark }: PolicyId): string {
  const { family, source = "any", destination = "any", destinationPort } = selector;
  const port = destinationPort === undefined ? "" : ` port ${destinationPort}`;
  const marked = mark === undefined ? "" : ` mark 0x${mark.value.toString(16)}`;
  return `policy ${direction} of IPv${family}, ${source} to ${destination}${port}${marked}`;
}

function settingRequest(operation: string, type: number, flags: number, settings: PolicySettings): Request {
  const { direction, selector, mark, priority = 0, action = "allow", templates = [] } = settings;
  return {
    operation,
    subject: subjectOf(settings),
    type,
    flags,
    body(to) {
      policyStruct.write(to, {
        selector: selectorFields(selector),
        limits: unlimited,
        priority,
        direction: directions[direction],
        action: actions[action],
      });
      xfrmAttributes.write(to, {
        ...(templates.length === 0
          ? {}
          : { templates: templates.map((template) => templateFields(settings, template)) }),
        ...(mark === undefined ? {} : { mark }),
      });
    },
  };
}

/** Adds a policy; EEXIST where there is one of this direction, selector and mark. */
export function add(settings: PolicySettings): Request {
  return settingRequest("XFRM_MSG_NEWPOLICY", XFRM_MSG_NEWPOLICY, NLM_F_CREATE | NLM_F_EXCL, settings);
}

/** Adds a policy, or puts it in the place of the one of this direction, selector and mark, whoever made that. */
export function replace(settings: PolicySettings): Request {
  return settingRequest("XFRM_MSG_UPDPOLICY", XFRM_MSG_UPDPOLICY, 0, settings);
}

function idRequest(operation: string, type: number, id: PolicyId): Request {
  return {
    operation,
    subject: subjectOf(id),
    type,
    flags: 0,
    body(to) {
      const { direction, selector, mark } = id;
      policyIdStruct.write(to, { selector: selectorFields(selector), direction: directions[direction] });
      xfrmAttributes.write(to, mark === undefined ? {} : { mark });
    },
  };
}

/** Removes a policy; ENOENT where there is none. */
export function remove(id: PolicyId): Request {
  return idRequest("XFRM_MSG_DELPOLICY", XFRM_MSG_DELPOLICY, id);
}

const directionNames: readonly Direction[] = ["in", "out", "forward"];

/** A socket's own policies are in the dump, too, with directions of their own: they are passed over. */
function decode(payload: ByteReader): Policy | undefined {
  const { selector, priority, direction, action } = policyStruct.read(payload);
  const { templates = [], mark } = xfrmAttributes.read(payload);
  const name = directionNames[direction];
  if (name === undefined) return undefined;
  return {
    direction: name,
    selector: readSelector(selector),
    ...(mark === undefined ? {} : { mark }),
    priority,
    action: action === actions.block ? "block" : "allow",
    templates: templates.map(({ requestId, id }) => ({
      requestId,
      ...(id.spi === 0 ? {} : { spi: id.spi }),
    })),
  };
}

/** The policies of a namespace; those of single sockets are left out. */
export function list(): Query<Policy | undefined> {
  return {
    operation: "XFRM_MSG_GETPOLICY",
    subject: "policies",
    type: XFRM_MSG_GETPOLICY,
    flags: 0,
    body: () => undefined,
    decode,
  };
}
