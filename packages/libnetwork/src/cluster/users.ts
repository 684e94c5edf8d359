/**
 * Who has endpoints in a network of the cluster, as far as something cannot be deleted for them.
 */
import type { SharedStore } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { textOf } from "./fields.ts";
import { addressKind, holderKind } from "./kinds.ts";

/** A message names no more than these. */
const mostNamed = 10;

export interface Users {
  /** Ids of their hosts. */
  readonly hosts: readonly string[];
  /** What people call these. */
  readonly text: string;
}

/**
 * By the store.
 *
 * @param isMeant of what is stored of an address, whether it counts. Default: each does
 * @returns undefined where there is no endpoint
 * @throws store_unavailable
 */
export async function usersOf(
  store: SharedStore,
  networkId: string,
  isMeant: (address: PlainData) => boolean = () => true,
): Promise<Users | undefined> {
  const addresses = await store.list(addressKind(networkId));
  const meant = addresses.filter(({ value }) => isMeant(value)).map(({ value }) => textOf(value, "host"));
  const hosts = [...new Set(meant.filter((host) => host !== undefined))];
  if (hosts.length === 0) return undefined;
  const holders = await store.list(holderKind);
  const names = new Map(holders.map(({ id, value }) => [id, textOf(value, "name")]));
  return { hosts, text: listed(hosts.map((host) => names.get(host) ?? host)) };
}

/** `a, b and others` */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? " and others" : ""}`;
}
