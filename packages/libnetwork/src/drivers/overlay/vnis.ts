/**
 * VXLAN ids of networks: claimed from the cluster, and stored with the network on every host.
 */
import type { NumberClaims } from "../../contracts/overlay.ts";
import type { PlainData } from "../../contracts/store.ts";
import { unavailable } from "../../errors.ts";
import type { OverlayState } from "./networks.ts";
import { highestVni } from "./options.ts";

type Vnis = OverlayState["vnis"];

/** The cluster's name for these numbers. */
const space = "vni";

/** Where those are chosen from that nobody asks for: Docker's range, with an end. */
const free = { from: 4096, to: highestVni } as const;

/**
 * All of them or none.
 *
 * @param wanted default: one that is free
 * @throws number_taken, numbers_exhausted, store_unavailable
 */
export async function claimVnis(
  numbers: NumberClaims,
  networkId: string,
  wanted: readonly (number | undefined)[] = [undefined],
): Promise<Vnis> {
  const vnis: number[] = [];
  try {
    for (const one of wanted) vnis.push(await numbers.claim(space, free, networkId, one));
  } catch (error) {
    await releaseVnis(numbers, networkId, vnis);
    throw error;
  }
  return readState({ vnis }).vnis;
}

export async function releaseVnis(
  numbers: NumberClaims,
  networkId: string,
  vnis: readonly number[],
): Promise<void> {
  for (const vni of vnis) await numbers.release(space, vni, networkId);
}

/**
 * What createNetwork answered, maybe on another host; nothing else of what is stored there is believed.
 *
 * @throws network_not_restored
 */
export function readState(state: PlainData): OverlayState {
  const vnis: unknown = typeof state === "object" && state !== null ? Reflect.get(state, "vnis") : undefined;
  if (isVnis(vnis)) return { vnis };
  throw unavailable(
    "network_not_restored",
    "what the overlay driver stored of it is not as it should be: restore a backup, or delete the network",
  );
}

function isVnis(value: unknown): value is Vnis {
  const isVni = (one: unknown) =>
    typeof one === "number" && Number.isInteger(one) && one > 0 && one <= highestVni;
  return Array.isArray(value) && value.length > 0 && value.every(isVni);
}
