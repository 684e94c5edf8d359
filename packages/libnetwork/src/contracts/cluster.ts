/**
 * Cluster: what the hosts decide together, as the model works with it.
 */
import type { PlainData } from "./store.ts";

/** A network that every host knows. */
export interface SharedNetwork {
  readonly id: string;
  /** No two networks of the cluster have the same. */
  readonly name: string;
  /** The model's own. */
  readonly record: PlainData;
}
