/**
 * Numbers by which a namespace knows others: linux/net_namespace.h (NETNSA_*), RTM_NEWNSID. The kernel gives one by itself where a link of one
 * has its other end in the other; events of a namespace without a number are not told elsewhere.
 */
import { attrs } from "../codec/attrs.ts";
import { i32, u8, u32 } from "../codec/codec.ts";
import { pad, struct } from "../codec/struct.ts";
import type { Request } from "../netlink/message.ts";

const RTM_NEWNSID = 88;
/** NETNSA_NSID: the kernel chooses. */
const anyNumber = -1;

const header = struct({ family: u8, pad: pad(3) });
const attributes = attrs({ number: [1, i32], namespaceFd: [3, u32] });

/** Gives a namespace a number in the one that is asked; EEXIST where it has one. */
export function assign(namespaceFd: number): Request {
  return {
    operation: "RTM_NEWNSID",
    subject: `namespace of descriptor ${namespaceFd}`,
    type: RTM_NEWNSID,
    flags: 0,
    body(to) {
      header.write(to, { family: 0 });
      attributes.write(to, { number: anyNumber, namespaceFd });
    },
  };
}
