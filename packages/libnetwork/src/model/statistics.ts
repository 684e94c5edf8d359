/**
 * What a controller tells a monitor: plain numbers.
 */
import type { ResolverCounts } from "../contracts/names.ts";
import type { Tallied } from "../contracts/tally.ts";
import type { Engine } from "./engine.ts";

export interface ControllerStatistics {
  readonly networks: number;
  readonly endpoints: number;
  /** Endpoints that are in a sandbox. */
  readonly joined: number;
  readonly sandboxes: number;
  /** Sandboxes whose namespace is gone. */
  readonly lost: number;
  /** Records that could not be taken up at the start. */
  readonly unrestored: number;
  /** Links, namespaces and connections that are to be done away with. */
  readonly reaperQueue: number;
  /** Since the controller was opened; undefined where names are not answered. */
  readonly names: ResolverCounts | undefined;
  /** Since the controller was opened. */
  readonly nftTransactions: Tallied;
  /** Since the controller was opened. */
  readonly storeCommits: Tallied;
}

export function countObjects(engine: Engine) {
  engine.assertOpen();
  const sandboxes = [...engine.sandboxes];
  return {
    networks: [...engine.networks].length,
    endpoints: engine.endpoints.size,
    joined: [...engine.endpoints.values()].filter(({ sandbox }) => sandbox !== undefined).length,
    sandboxes: sandboxes.length,
    lost: sandboxes.filter(({ handle }) => handle.lost).length,
    unrestored: engine.unrestored.size,
  };
}
