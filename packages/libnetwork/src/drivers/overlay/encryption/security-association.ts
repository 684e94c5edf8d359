/**
 * The security association that packets from one host to another are encrypted by, made of what both know: the cluster's key, and who
 * and which life either is. Each direction of each pair has a key of its own, so that no two ever count packets under the same.
 */
import { hkdfSync } from "node:crypto";
import type { xfrmState } from "@causeway/kernel";
import { parseIp } from "../../../address/ip.ts";
import type { ClusterKey, TunnelEnd } from "../../../contracts/tunnel-keys.ts";

/** IPPROTO_UDP */
const udp = 17;

/** RFC 4106: AES-256, with the whole check value. */
const algorithm = "rfc4106(gcm(aes))";
const keyBytes = 32;
const saltBytes = 4;
const icvBits = 128;

/** Packets that may overtake each other: about a millisecond's worth of small ones at 10 Gbit/s, the kernel's most being 4096. */
const replayWindow = 4096;

/** "C": the highest byte of the request id, by which ours are told from others'. */
const ownership = 0x43;

/** Of all that a host has in a life. */
export function requestIdOf(life: number): number {
  return ((ownership << 24) | life) >>> 0;
}

/** The life of a host that a request id is of; undefined where it is somebody else's. */
export function lifeOf(requestId: number): number | undefined {
  return requestId >>> 24 === ownership ? requestId & 0xff_ffff : undefined;
}

/** Unique where packets come in, for no two hosts are in the same life, and the generations at one time are fewer than 256. */
function spiOf(sender: TunnelEnd, generation: number): number {
  return ((sender.life << 8) | (generation & 0xff)) >>> 0;
}

/** Who sent, and by a key of which generation, in its last byte. */
export function readSpi(spi: number): { readonly life: number; readonly generation: number } {
  return { life: spi >>> 8, generation: spi & 0xff };
}

/** RFC 5869: HKDF with SHA-256. */
function deriveKey({ generation, secret }: ClusterKey, from: TunnelEnd, to: TunnelEnd): Uint8Array {
  const purpose = ["causeway esp 1", generation, from.address, from.life, to.address, to.life].join("\n");
  return new Uint8Array(hkdfSync("sha256", secret, "", purpose, keyBytes + saltBytes));
}

export interface AssociationSettings {
  readonly key: ClusterKey;
  readonly from: TunnelEnd;
  readonly to: TunnelEnd;
  /** UDP port that the tunnel's packets go to. */
  readonly port: number;
}

/** As it stands in the kernel of the host that is in `self`'s life: one of the two. */
export function association(
  { key, from, to, port }: AssociationSettings,
  self: TunnelEnd,
): xfrmState.StateSettings {
  const { family } = parseIp(to.address);
  const whole = family === 4 ? 32 : 128;
  return {
    source: from.address,
    destination: to.address,
    spi: spiOf(from, key.generation),
    requestId: requestIdOf(self.life),
    // So that it is seen when one was made for an earlier life of the receiver: its key is another.
    sequence: to.life,
    aead: { algorithm, key: deriveKey(key, from, to), icvBits },
    replayWindow,
    // The addresses are not under the check value: a packet whose sender was changed on the way is dropped by this.
    selector: {
      family,
      source: `${from.address}/${whole}`,
      destination: `${to.address}/${whole}`,
      protocol: udp,
      destinationPort: port,
    },
  };
}
