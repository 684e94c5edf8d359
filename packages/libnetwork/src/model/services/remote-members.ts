/**
 * RemoteMembers: the endpoints of other hosts that belong to services of a network, as their hosts tell.
 */
import type { MemberState } from "../../contracts/balancing.ts";
import type { Peer } from "../../contracts/overlay.ts";

/** Plain data. */
export interface RemoteMember {
  readonly endpointId: string;
  readonly hostId: string;
  /** What its address is called in the network: mostly the endpoint's name. Absent where nobody finds it by one. */
  readonly name?: string;
  /** Without prefix length. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly state: MemberState;
}

export class RemoteMembers {
  readonly #byEndpoint = new Map<string, { readonly service: string; readonly member: RemoteMember }>();
  readonly #byService = new Map<string, Map<string, RemoteMember>>();
  /** True once they were all told, since this host has endpoints joined in the network. */
  known = false;

  of(service: string): readonly RemoteMember[] {
    return [...(this.#byService.get(service)?.values() ?? [])];
  }

  /** @returns what was told of it before */
  put({
    endpointId,
    hostId,
    names: [called],
    ipv4,
    ipv6,
    service,
  }: Peer): ReturnType<RemoteMembers["remove"]> {
    const before = this.remove(endpointId);
    if (service === undefined) return before;
    const { name, state } = service;
    const member: RemoteMember = {
      endpointId,
      hostId,
      ...(called !== undefined && { name: called }),
      ...(ipv4 !== undefined && { ipv4 }),
      ...(ipv6 !== undefined && { ipv6 }),
      state,
    };
    this.#byEndpoint.set(endpointId, { service: name, member });
    const members = this.#byService.get(name);
    if (members === undefined) this.#byService.set(name, new Map([[endpointId, member]]));
    else members.set(endpointId, member);
    return before;
  }

  remove(endpointId: string): { readonly service: string; readonly member: RemoteMember } | undefined {
    const before = this.#byEndpoint.get(endpointId);
    if (before === undefined) return undefined;
    this.#byEndpoint.delete(endpointId);
    const members = this.#byService.get(before.service);
    members?.delete(endpointId);
    if (members?.size === 0) this.#byService.delete(before.service);
    return before;
  }

  /** Nobody tells of them any more. */
  clear(): void {
    this.#byEndpoint.clear();
    this.#byService.clear();
    this.known = false;
  }
}
