/**
 * TUN and TAP devices: links whose packets a program reads and writes, linux/if_tun.h. They are made by an ioctl, not by a
 * message, and go with the descriptor unless they are made persistent.
 */
import { O_RDWR, OwnedFd } from "./fd.ts";
import { check, libc } from "./libc.ts";

const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;

const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOWNER = 0x400454cc;
const TUNSETGROUP = 0x400454ce;

/** struct ifreq of linux/if.h: the name, and the flags behind it. */
const requestLength = 40;
const nameLength = 16;

export interface TunOptions {
  readonly name: string;
  /** `tun`: IP packets; `tap`: ethernet frames. */
  readonly mode: "tun" | "tap";
  /** The link stays when the descriptor is closed; rtnetlink deletes it. Default: false. */
  readonly persistent?: boolean;
  /** User and group that may open it without CAP_NET_ADMIN. Default: nobody. */
  readonly owner?: number;
  readonly group?: number;
  /** Every packet is preceded by four bytes of flags and protocol. Default: false. */
  readonly packetInformation?: boolean;
  /** Every packet is preceded by a struct virtio_net_hdr. Default: false. */
  readonly vnetHeader?: boolean;
  /** It may be opened several times. Default: false. */
  readonly multiQueue?: boolean;
}

/**
 * Makes a device, or opens a persistent one, in the namespace that the calling thread is in.
 *
 * @returns the descriptor to read packets from and write them to, a packet a call
 * @throws KernelError ENOENT without /dev/net/tun, EBUSY where it is open already
 */
export function openTun(options: TunOptions): OwnedFd {
  const { name, mode, persistent, owner, group, packetInformation, vnetHeader, multiQueue } = options;
  if (name === "" || Buffer.byteLength(name) >= nameLength) {
    throw new TypeError(`"${name}" is no name for a link: 1 to ${nameLength - 1} bytes are`);
  }
  const request = Buffer.alloc(requestLength);
  request.write(name);
  request.writeUInt16LE(
    (mode === "tun" ? IFF_TUN : IFF_TAP) |
      (packetInformation === true ? 0 : IFF_NO_PI) |
      (vnetHeader === true ? IFF_VNET_HDR : 0) |
      (multiQueue === true ? IFF_MULTI_QUEUE : 0),
    nameLength,
  );
  const device = OwnedFd.open("/dev/net/tun", O_RDWR);
  try {
    check(libc.ioctl(device.fd, TUNSETIFF, request), "TUNSETIFF", name);
    if (owner !== undefined) check(libc.ioctlValue(device.fd, TUNSETOWNER, owner), "TUNSETOWNER", name);
    if (group !== undefined) check(libc.ioctlValue(device.fd, TUNSETGROUP, group), "TUNSETGROUP", name);
    if (persistent === true) check(libc.ioctlValue(device.fd, TUNSETPERSIST, 1), "TUNSETPERSIST", name);
    return device;
  } catch (error) {
    device[Symbol.dispose]();
    throw error;
  }
}
