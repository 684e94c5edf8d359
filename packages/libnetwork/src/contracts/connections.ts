/**
 * ConnectionTable: the kernel's memory of connections (conntrack), which outlives the rules that let them in.
 */
import type { TransportProtocol } from "./firewall.ts";

/** Connections that match all that is given. */
export interface ConnectionFilter {
  readonly protocol?: TransportProtocol;
  /** Who began it. */
  readonly originalSource?: string;
  /** Who answers, addresses rewritten: the endpoint behind a published port. */
  readonly replySource?: string;
  readonly replySourcePort?: number;
  /** Where it was begun to, before any rewriting: a port of the host. */
  readonly originalDestination?: string;
  readonly originalDestinationPort?: number;
}

export interface ConnectionTable {
  /**
   * Makes the kernel forget every connection that matches one of the filters, in one pass off the main thread (a pass
   * takes 12 ms and more, however few connections there are).
   */
  forget(filters: readonly ConnectionFilter[]): Promise<void>;
  /** The same, with nobody waiting for it. */
  forgetLater(filters: readonly ConnectionFilter[]): void;
}
