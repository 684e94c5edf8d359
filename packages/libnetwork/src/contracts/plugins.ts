/**
 * Plugins: drivers and IPAMs that are somebody else's programs, found by their names.
 */
import type { Driver } from "./driver.ts";
import type { Ipam } from "./ipam.ts";

/** Each name has one driver and one IPAM for as long as the controller is open. Nobody is asked for anything before `connect`. */
export interface Plugins {
  /** Not looked for yet. */
  driver(name: string): Driver;
  ipam(name: string): Ipam;
  /** Names of those that are there at the moment; that somebody answers is not said. */
  names(): readonly string[];
  /** Calls that are on their way end, with `plugin_call_aborted`. */
  close(): void;
}
