/**
 * What a place was last told of ports that lead on. It is told of what differs, so that a change costs what it changes; all of it is told the
 * first time, and where nobody knows any more how the place was left.
 */
import type { Balancer, LedPlace, LedPort, LedPortsChange } from "../../contracts/balancing.ts";

type ByPort = ReadonlyMap<string, LedPort>;

export class ToldPorts {
  readonly #balancer: Balancer;
  /** Undefined: all of it is to be told. */
  #told: ByPort | undefined;
  /** The same, whether telling it failed or not. */
  #wanted: ByPort | undefined;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
  }

  /** Answers the ports that lead elsewhere than they did, or may do so. */
  tell(place: LedPlace, ports: readonly LedPort[]): readonly LedPort[] {
    const wanted = byPort(ports);
    const all = [...wanted.values()];
    const before = this.#told;
    this.#wanted = wanted;
    // Until it is done.
    this.#told = undefined;
    const told = before === undefined ? this.#settle(place, all) : this.#change(place, before, wanted);
    this.#told = wanted;
    return told;
  }

  /** Where nothing was told, it is as it was told; where that failed, it is where it came about all the same. */
  isAsTold(place: LedPlace): boolean {
    return this.#wanted === undefined || this.#balancer.isLed(place, [...this.#wanted.values()]);
  }

  #settle(place: LedPlace, all: readonly LedPort[]): readonly LedPort[] {
    this.#balancer.settleLed(place, all);
    return all;
  }

  #change(place: LedPlace, before: ByPort, wanted: ByPort): readonly LedPort[] {
    const change = difference(before, wanted);
    const { add, alter, remove } = change;
    if (add.length + alter.length + remove.length === 0) return [];
    const all = [...wanted.values()];
    // What has nothing in it may not be there.
    if (before.size === 0 || wanted.size === 0) return this.#settle(place, all);
    return this.#balancer.changeLed(place, change, all) === "all" ? all : [...add, ...alter];
  }
}

/** Those that lead somewhere. Where services of two networks have one at once, it is the first one's. */
function byPort(ports: readonly LedPort[]): ByPort {
  const found = new Map<string, LedPort>();
  for (const port of ports) {
    const key = `${port.protocol} ${port.port}`;
    if (port.targets.length > 0 && !found.has(key)) found.set(key, port);
  }
  return found;
}

function difference(before: ByPort, wanted: ByPort): LedPortsChange {
  const add: LedPort[] = [];
  const alter: LedPort[] = [];
  for (const [key, port] of wanted) {
    const was = before.get(key);
    if (was === undefined) add.push(port);
    else if (!leadAlike(was, port)) alter.push(port);
  }
  return { add, alter, remove: [...before].filter(([key]) => !wanted.has(key)).map(([, port]) => port) };
}

function leadAlike({ targets: one }: LedPort, { targets: other }: LedPort): boolean {
  return (
    one.length === other.length &&
    one.every(({ address, port }, at) => address === other[at]?.address && port === other[at]?.port)
  );
}
