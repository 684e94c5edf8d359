/**
 * What of the tunnels is in the kernel: the two policies that guard the port, and a host's states, listed at the start and kept count of.
 * Which life the host is in, the policy of what comes in tells: so it outlives this process, and not the states.
 */
import { randomInt } from "node:crypto";
import { type NetNamespace, Xfrm, xfrmPolicy, xfrmState } from "@causeway/kernel";
import { highestLife } from "../../../contracts/tunnel-keys.ts";
import { conflict } from "../../../errors.ts";
import { type FoundState, type StateChange, stateKey } from "./difference.ts";
import { guards, type OwnEnd } from "./plan.ts";
import { lifeOf } from "./security-association.ts";

export class KernelTunnels implements Disposable {
  readonly #xfrm: Xfrm;
  readonly #states = new Map<string, FoundState>();
  /** By the other host's address. */
  readonly #byPeer = new Map<string, Set<string>>();
  #self: OwnEnd;

  /**
   * Guards the port, as an earlier run has or anew.
   *
   * @throws ipsec_policy_taken; nothing was made then
   */
  constructor(namespace: NetNamespace | undefined, address: string, port: number) {
    this.#xfrm = new Xfrm(namespace);
    try {
      const states = ourStates(this.#xfrm);
      const former = this.#formerLife(address, port);
      const isGoingOn = states.some(({ requestId }) => former !== undefined && lifeOf(requestId) === former);
      this.#self = { address, port, life: isGoingOn && former !== undefined ? former : newLife() };
      for (const state of states) this.#note(state);
      this.#guard();
    } catch (error) {
      this.#xfrm[Symbol.dispose]();
      throw error;
    }
  }

  get self(): OwnEnd {
    return this.#self;
  }

  /** Addresses of hosts that there are states with. */
  peers(): Iterable<string> {
    return this.#byPeer.keys();
  }

  /** Those of one tunnel, both ways. */
  statesWith(peer: string): readonly FoundState[] {
    return [...(this.#byPeer.get(peer) ?? [])].flatMap((key) => this.#states.get(key) ?? []);
  }

  /** Throws the first error when all was tried. */
  change({ remove, add }: StateChange): void {
    const failures = [
      ...this.#attempt(remove, xfrmState.remove, "ESRCH", (state) => this.#forget(state)),
      ...this.#attempt(add, xfrmState.add, undefined, (state) => this.#note(state)),
    ];
    if (failures.length > 0) throw failures[0];
  }

  #attempt<T extends FoundState>(
    states: readonly T[],
    request: (state: T) => ReturnType<typeof xfrmState.remove>,
    harmless: string | undefined,
    done: (state: T) => void,
  ): readonly Error[] {
    const outcomes = this.#xfrm.attempt(states.map(request));
    return states.flatMap((state, at) => {
      const failure = outcomes[at];
      if (failure !== undefined && failure.code !== harmless) return [failure];
      done(state);
      return [];
    });
  }

  /** How many of those that this process knows of are not there any more, or have become others. */
  lost(): { readonly states: number; readonly guards: number } {
    const there = new Set(ourStates(this.#xfrm).map(stateKey));
    const policies = this.#xfrm.dump(xfrmPolicy.list());
    return {
      states: [...this.#states.keys()].filter((key) => !there.has(key)).length,
      guards: guards(this.#self).filter((guard) => !policies.some((one) => isSamePolicy(one, guard))).length,
    };
  }

  /** Another life: from the first request on, what was of the one before is of no use to anybody, and may go by and by. */
  beginLife(): void {
    this.#self = { ...this.#self, life: newLife() };
    this.#guard();
  }

  /** Takes out what is ours, the guards last. */
  clear(): void {
    this.change({ remove: ourStates(this.#xfrm), add: [] });
    const outcomes = this.#xfrm.attempt(guards(this.#self).map(xfrmPolicy.remove));
    const failure = outcomes.find((outcome) => outcome !== undefined && outcome.code !== "ENOENT");
    if (failure !== undefined) throw failure;
  }

  #formerLife(address: string, port: number): number | undefined {
    const own = guards({ address, port, life: 1 });
    const found = this.#xfrm.dump(xfrmPolicy.list()).filter((one) => own.some((guard) => isAt(one, guard)));
    for (const policy of found) if (!isOurs(policy)) throw policyTaken(policy, port);
    const [template] = found.find(({ direction }) => direction === "in")?.templates ?? [];
    return template === undefined ? undefined : lifeOf(template.requestId);
  }

  /** One after the other: the way in, which tells the life, is last. */
  #guard(): void {
    for (const guard of guards(this.#self)) this.#xfrm.execute(xfrmPolicy.replace(guard));
  }

  #note(state: FoundState): void {
    const key = stateKey(state);
    const peer = this.#peerOf(state);
    this.#states.set(key, state);
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? new Set()).add(key));
  }

  #forget(state: FoundState): void {
    const key = stateKey(state);
    this.#states.delete(key);
    const peer = this.#peerOf(state);
    const keys = this.#byPeer.get(peer);
    keys?.delete(key);
    if (keys?.size === 0) this.#byPeer.delete(peer);
  }

  #peerOf({ source, destination }: FoundState): string {
    return source === this.#self.address ? destination : source;
  }

  [Symbol.dispose](): void {
    this.#xfrm[Symbol.dispose]();
  }
}

/** One at random: whoever finds that it is somebody else's begins another. */
function newLife(): number {
  return randomInt(1, highestLife + 1);
}

function ourStates(xfrm: Xfrm): readonly xfrmState.State[] {
  return xfrm.dump(xfrmState.list()).filter(({ requestId }) => lifeOf(requestId) !== undefined);
}

/** Of the same packets: the kernel has one of them. */
function isAt({ direction, selector, mark }: xfrmPolicy.Policy, guard: xfrmPolicy.PolicySettings): boolean {
  return (
    mark === undefined &&
    direction === guard.direction &&
    selector.family === guard.selector.family &&
    selector.protocol === guard.selector.protocol &&
    selector.destinationPort === guard.selector.destinationPort &&
    selector.source === undefined &&
    selector.destination === undefined &&
    selector.sourcePort === undefined
  );
}

function isOurs({ templates }: xfrmPolicy.Policy): boolean {
  return templates.some(({ requestId }) => lifeOf(requestId) !== undefined);
}

function isSamePolicy(policy: xfrmPolicy.Policy, guard: xfrmPolicy.PolicySettings): boolean {
  const [template] = policy.templates;
  return isAt(policy, guard) && template?.requestId === guard.templates?.[0]?.requestId;
}

function policyTaken({ direction }: xfrmPolicy.Policy, port: number): Error {
  const message = `an IPsec policy of somebody else's (${direction}, UDP port ${port}) stands where encrypted overlay networks need theirs: remove it (ip xfrm policy)`;
  return conflict("ipsec_policy_taken", message, { direction, port });
}
