/**
 * Balancer: has addresses in a sandbox stand for several others. Plain data.
 */
import type { NamespacePlace } from "./netstack.ts";

/**
 * `serving`: new connections are led to it. `unhealthy`: its owner says so, and what has begun goes on. `hidden`: by
 * `sandbox.disableService`, likewise. `away`: it is in no sandbox, or in one whose namespace is to come, or gone.
 */
export type MemberState = "serving" | "unhealthy" | "hidden" | "away";

export const memberStates: readonly MemberState[] = ["serving", "unhealthy", "hidden", "away"];

/** A port that is asked for, and the members' port that it leads to. */
export interface ServicePort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly targetPort: number;
  /** Port of every host of the cluster that leads there. */
  readonly hostPort?: number;
}

/** A port that is asked for at an address of one's own, and where it leads. What is led nowhere goes on as if this were not there. */
export interface LedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** Of either family, one at least; each connection gets one by chance. */
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

/** A service's address of one family. */
export interface BalancedService {
  /** Of letters and digits: the same as long as the address is. */
  readonly id: string;
  /** Without prefix length. */
  readonly address: string;
  /** Others are refused. Absent: every port leads to itself. */
  readonly ports?: readonly ServicePort[];
  /** Addresses of the same family; none: whoever asks is refused at once. */
  readonly members: readonly string[];
}

export interface BalancerChange {
  /** New, or in the place of what was told by the same id. */
  readonly put: readonly BalancedService[];
  readonly remove: readonly BalancedService[];
}

export interface LedPortsChange {
  /** Those that were not led. */
  readonly add: readonly LedPort[];
  /** Those that were led elsewhere. */
  readonly alter: readonly LedPort[];
  readonly remove: readonly LedPort[];
}

/**
 * Where ports are led on: a sandbox, which from then on forwards what comes to these ports, in its own name, and nothing else; or the host, where
 * that is done before whoever has published them is asked.
 */
export type LedPlace = NamespacePlace | "host";

/** Where a sandbox's namespace is gone there is nothing to be done. */
export interface Balancer {
  /** These are all that there are in the sandbox. */
  settle(place: NamespacePlace, all: readonly BalancedService[]): void;
  /**
   * Changes some; what it costs does not depend on the others.
   *
   * @param all what there is to be, for a sandbox that is not as it was left
   */
  change(place: NamespacePlace, change: BalancerChange, all: () => readonly BalancedService[]): void;
  /** What keeps connections from the members; undefined: nothing. */
  obstacle(place: NamespacePlace, all: readonly BalancedService[]): string | undefined;
  /** These are all ports that are led on there, each once; none of the host: nothing stands. */
  settleLed(place: LedPlace, all: readonly LedPort[]): void;
  /**
   * Changes some, where others stand; what it costs does not depend on those.
   *
   * @param all what there is to be, for a place that is not as it was left
   * @returns which of them that was done for: all of them in such a place
   */
  changeLed(place: LedPlace, change: LedPortsChange, all: readonly LedPort[]): "some" | "all";
  /** Whether it stands as {@link settleLed} makes it. */
  isLed(place: LedPlace, all: readonly LedPort[]): boolean;
  /** Has the sandbox's connections to a service forgotten that were led to members which are gone. Nobody waits for it. */
  forget(place: NamespacePlace, service: BalancedService, gone: readonly string[]): void;
}
