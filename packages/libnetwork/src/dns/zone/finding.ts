/**
 * What is found of a question. Findings are kept with their names, and are the same object for as long as nothing of the name changes.
 */
import type { RecordData } from "../../contracts/names.ts";

export interface FoundRecord {
  /** Undefined: the name that was asked for. */
  readonly owner: string | undefined;
  readonly data: RecordData;
  /** Seconds. */
  readonly ttl: number;
}

export interface Found {
  readonly kind: "found";
  /** Empty: the name is known, and has nothing of the type. */
  readonly answers: readonly FoundRecord[];
  /** Addresses of what the answers name. */
  readonly additional: readonly FoundRecord[];
  /** Where the records lead on to a name that only others know. */
  readonly continues?: string;
  readonly source: Source;
}

/** Where it was found, for people. */
export type Source =
  | { readonly from: "endpoints"; readonly networkId: string; readonly endpointIds: readonly string[] }
  | { readonly from: "records"; readonly networkId: string }
  | { readonly from: "extra hosts" };

export type Finding =
  | Found
  /** A name, or an address, that nobody outside is to be asked for. */
  | { readonly kind: "private"; readonly why: "other network" | "address" | "internal" }
  | { readonly kind: "unknown" };

export const unknown: Finding = { kind: "unknown" };
