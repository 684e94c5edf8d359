/**
 * Address families and prefixes as text: 4 and 6 outside, AF_INET and AF_INET6 on the wire.
 */
import { AF_INET, AF_INET6 } from "../sys/socket.ts";

export type IpVersion = 4 | 6;

export const versionOf = (address: string): IpVersion => (address.includes(":") ? 6 : 4);

/** AF_* of an address's text. */
export const familyOf = (address: string): number => (versionOf(address) === 6 ? AF_INET6 : AF_INET);

/** AF_*; 0, which stands for both, where no version is given. */
export function familyOfVersion(version: IpVersion | undefined): number {
  if (version === undefined) return 0;
  return version === 6 ? AF_INET6 : AF_INET;
}

export const versionOfFamily = (family: number): IpVersion => (family === AF_INET6 ? 6 : 4);

export interface Prefix {
  readonly address: string;
  readonly length: number;
}

/** Takes `192.0.2.0/24` apart; an address alone is a prefix of its whole length. */
export function parsePrefix(text: string): Prefix {
  const [address = "", length] = text.split("/");
  if (length !== undefined) return { address, length: Number(length) };
  return { address, length: familyOf(address) === AF_INET6 ? 128 : 32 };
}
