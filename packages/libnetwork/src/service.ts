/**
 * Service: several endpoints of a network behind one name, and a virtual address.
 *
 * What stands here is what users call; how it is done is in `model/services/`, which works with ServiceCores.
 */
import { inspect } from "node:util";
import type { MemberState, ServicePort } from "./contracts/balancing.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ServiceRecord } from "./model/records.ts";
import { endpointsOf, memberState, remoteMembersOf } from "./model/services/members.ts";
import type { RemoteMember } from "./model/services/remote-members.ts";
import type { ServiceCore } from "./model/services/service-core.ts";
import { deleteService } from "./model/services/service-deletion.ts";
import type { Network } from "./network.ts";

/** An endpoint that belongs to a service. */
export interface ServiceMember {
  readonly endpoint: Endpoint;
  readonly state: MemberState;
}

export class Service {
  readonly #core: ServiceCore;

  /** Users get services from their network. */
  constructor(core: ServiceCore) {
    this.#core = core;
  }

  get network(): Network {
    return this.#core.network.handle;
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  get created(): Date {
    return new Date(this.record.created);
  }

  get mode(): "vip" | "dnsrr" {
    return this.record.options.mode;
  }

  /** Undefined: every port of the address leads to the same port of the members. */
  get ports(): readonly ServicePort[] | undefined {
    return this.record.options.ports;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.record.options.labels;
  }

  /** The virtual address, as CIDR; undefined in mode dnsrr, and where the network has no IPv4. */
  get ipv4(): string | undefined {
    return this.record.ipv4;
  }

  /** The same for IPv6. */
  get ipv6(): string | undefined {
    return this.record.ipv6;
  }

  /** The endpoints of this host that belong to it, and which of them count. */
  members(): readonly ServiceMember[] {
    return endpointsOf(this.#core).map((endpoint) => ({
      endpoint: endpoint.handle,
      state: memberState(endpoint),
    }));
  }

  /**
   * Those of other hosts, where the cluster's hosts share the network, as their hosts tell. None while this host has no endpoint joined in the
   * network: it hears nothing of it then.
   */
  remoteMembers(): readonly RemoteMember[] {
    return remoteMembersOf(this.#core);
  }

  /** What is stored of it: plain data. */
  get record(): ServiceRecord {
    return this.#core.record;
  }

  /**
   * Deletes it; its addresses are free again.
   *
   * @throws service_has_endpoints, service_deleted, controller_closed; of a network that hosts share cluster_required, service_going,
   * store_unavailable
   */
  async delete(): Promise<void> {
    const { engine, network } = this.#core;
    await engine.exclusively([network.id], () => deleteService(this.#core));
    await engine.global?.ingress.settle(network);
  }

  /** How console.log shows it. */
  [inspect.custom](): string {
    const addresses = [this.ipv4, this.ipv6].filter((cidr) => cidr !== undefined);
    return `Service ${[this.name, this.mode, ...addresses].join(" ")} (${this.id})`;
  }
}
