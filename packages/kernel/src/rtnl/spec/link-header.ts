/** What every link message begins with, a veth's peer too: linux/rtnetlink.h, struct ifinfomsg. */
import { i32, u8, u16, u32 } from "../../codec/codec.ts";
import { pad, struct } from "../../codec/struct.ts";

export const linkHeader = struct({ family: u8, pad: pad(1), type: u16, index: i32, flags: u32, change: u32 });
