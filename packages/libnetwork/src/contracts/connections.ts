/**
 * ConnectionTable: the kernel's memory of connections (conntrack), which outlives the rules that let them in.
 */
import type { TransportProtocol } from "./firewall.ts";

/** Connections that match all that is given. For an address a subnet (CIDR) may stand: every address in it. */
export interface ConnectionFilter {
  readonly protocol?: TransportProtocol;
  /** Who began it. */
  readonly originalSource?: string;
  /** Who answers, addresses rewritten: the endpoint behind a published port. */
  readonly replySource?: string;
  readonly replySourcePort?: number;
  /** Whom is answered, addresses rewritten: the beginner itself where its address was not. */
  readonly replyDestination?: string;
  /** Where it was begun to, before any rewriting: a port of the host. */
  readonly originalDestination?: string;
  readonly originalDestinationPort?: number;
}

export interface ConnectionTable {
  /**
   * Makes the kernel forget every connection that matches one of the filters, in one pass off the main thread (a pass
   * takes 12 ms and more, however few connections there are; none is made where it is plain that nothing matches).
   */
  forget(filters: readonly ConnectionFilter[]): Promise<void>;
  /**
   * The same, with nobody held up by it.
   *
   * @returns when it is over, for who comes next; a failure has been told already. Undefined where nothing matches
   */
  forgetLater(filters: readonly ConnectionFilter[]): Promise<void> | undefined;
}
