/**
 * TunnelKeys: what the hosts of a cluster encrypt their tunnels with. The cluster hands keys out and says who is where; the driver of
 * overlay networks encrypts.
 */

/** A secret that all hosts of the cluster have. */
export interface ClusterKey {
  /** Counts up: from 1. */
  readonly generation: number;
  /** 32 random bytes. */
  readonly secret: Uint8Array;
}

/**
 * Where a host's encrypted tunnels end, and which of its lives that is: a number from 1 to {@link highestLife} that no other host of the
 * cluster has. A host begins another life when it has lost count of the packets that it sent and got: no two packets may be counted, or
 * encrypted, alike.
 */
export interface TunnelEnd {
  readonly address: string;
  readonly life: number;
}

/** So that SPIs stay below those that key exchange daemons choose: strongSwan's begin at 0xc0000000. */
export const highestLife = 0xbf_ffff;

/** What encrypts, as the cluster tells it. */
export interface TunnelKeys {
  /**
   * Calls back with the life that this host is in, now and whenever it begins another: the others must be told before they can send to it.
   * While this host encrypts nothing it is in none.
   */
  onLife(listener: (life: number) => void): void;
  /** Another life, where another host has this one's number. */
  beginLife(): void;
  /**
   * The generations that there are, the oldest first, three at the most and one at the least: packets that come in may be of any, and
   * those that go out are of the last but one, or of the only one. So the last is accepted everywhere by the time that it is used. Tunnels
   * to many hosts follow one after the other, well within a generation's time.
   */
  setKeys(keys: readonly ClusterKey[]): void;
  /** A host of the cluster, or another life of one. */
  putEnd(end: TunnelEnd): void;
}
