/**
 * How servers are asked: what options of resolv.conf(5) say to a forwarder. The others are for the asker, who reads them in the sandbox's own file.
 */

export interface Manner {
  /** How long a server may take, in milliseconds; undefined: what the forwarder takes for right. */
  readonly patience: number | undefined;
  /** Each question begins with another server (`rotate`). */
  readonly rotates: boolean;
  /** By TCP, whatever the asker uses (`use-vc`). */
  readonly byTcp: boolean;
}

export const usualManner: Manner = { patience: undefined, rotates: false, byTcp: false };

/** resolv.conf(5): RES_MAXRETRANS. */
const longestTimeout = 30;
/** Of what an asker waits: three tries are over before it asks again. 5 s, the asker's default, make 1.5 s. */
const part = 0.3;
/** A server that has to ask others takes so long, whatever the asker's hurry. */
const shortest = 500;

/** @param options words behind `options`; of one that is there twice the last counts, as in glibc */
export function mannerOf(options: readonly string[]): Manner {
  let manner = usualManner;
  for (const option of options) {
    const [, seconds] = /^timeout:(\d+)$/.exec(option) ?? [];
    if (seconds !== undefined) {
      const patience = Math.min(Number(seconds), longestTimeout) * 1000 * part;
      manner = { ...manner, patience: Math.max(patience, shortest) };
    }
    if (option === "rotate") manner = { ...manner, rotates: true };
    if (option === "use-vc") manner = { ...manner, byTcp: true };
  }
  return manner;
}
