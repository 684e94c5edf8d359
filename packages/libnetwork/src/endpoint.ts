/**
 * Endpoint: a service's place in a network. It belongs to one network and joins at most one sandbox.
 *
 * What stands here is what users call; how it is done is in `model/`, which works with EndpointCores.
 */
import { inspect } from "node:util";
import type { PortBinding, StaticRoute } from "./contracts/driver.ts";
import type { PlainData } from "./contracts/store.ts";
import { conflict, forbidden } from "./errors.ts";
import type { BindingSelector } from "./model/binding-selector.ts";
import type { EndpointCore } from "./model/endpoint-core.ts";
import { isGatewayEndpoint } from "./model/gateway/way-out.ts";
import { deleteEndpoint, joinSandbox, leaveSandbox } from "./model/membership.ts";
import { updateNames } from "./model/names/endpoint-names.ts";
import type { EndpointNames } from "./model/names/name-options.ts";
import type { PublishOptions } from "./model/publish-options.ts";
import { bindingsOf, publishPorts, unpublishPorts } from "./model/publishing.ts";
import type { EndpointRecord } from "./model/records.ts";
import { locksOf } from "./model/sandbox-locks.ts";
import { setHealthy } from "./model/services/member-health.ts";
import { isHealthy, serviceOf } from "./model/services/members.ts";
import type { Network } from "./network.ts";
import { completeObjectOf, withDefault } from "./options/defaults.ts";
import { boolean, type Parsed } from "./options/parse.ts";
import { requireSandbox, Sandbox } from "./sandbox.ts";
import type { Service } from "./service.ts";

export interface EndpointInfo {
  readonly mac: string;
  /** CIDR. */
  readonly ipv4: string | undefined;
  /** CIDR. */
  readonly ipv6: string | undefined;
  /** Name in the sandbox; undefined while there is none. */
  readonly interfaceName: string | undefined;
  readonly gatewayIpv4: string | undefined;
  readonly gatewayIpv6: string | undefined;
  readonly staticRoutes: readonly StaticRoute[];
  readonly sandbox: Sandbox | undefined;
}

const deleteTable = {
  /** Take it out of its sandbox first. Default: false, which refuses. */
  force: withDefault(boolean, false),
};
const deleteOptions = completeObjectOf(deleteTable);
export interface DeleteEndpointOptions extends Parsed<typeof deleteTable> {}

export class Endpoint {
  readonly #core: EndpointCore;

  /** Users get endpoints from their network. */
  constructor(core: EndpointCore) {
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

  /** Empty while nobody has chosen one: where the driver is a plugin, it may come with the link at the join. */
  get mac(): string {
    return this.record.interface.mac;
  }

  /** CIDR; undefined where the network has no IPv4. */
  get ipv4(): string | undefined {
    return this.record.interface.ipv4;
  }

  /** CIDR; undefined where the network has no IPv6. */
  get ipv6(): string | undefined {
    return this.record.interface.ipv6;
  }

  get aliases(): readonly string[] {
    return this.record.options.aliases;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.record.options.labels;
  }

  /** The service that it belongs to. */
  get service(): Service | undefined {
    return serviceOf(this.#core)?.handle;
  }

  /** New connections to its service are led to it, while it is in a sandbox. */
  get healthy(): boolean {
    return isHealthy(this.#core);
  }

  /** Host ports that lead here; where the network's driver publishes none, those of the sandbox's way out that were published on this one. */
  get bindings(): readonly PortBinding[] {
    return bindingsOf(this.#core);
  }

  /**
   * Host ports of its that somebody else had when the controller was opened. They are tried again at the next open; publishing one anew
   * takes it as soon as it is free, and unpublishing gives it up.
   */
  get withheld(): readonly PortBinding[] {
    return this.record.withheld ?? [];
  }

  /** The sandbox that it has joined. */
  get sandbox(): Sandbox | undefined {
    return this.#core.sandbox?.handle;
  }

  /** What is stored of it: plain data. */
  get record(): EndpointRecord {
    return this.#core.record;
  }

  info(): EndpointInfo {
    const { interface: addresses, join: joined, options } = this.record;
    return {
      ...addresses,
      ipv4: addresses.ipv4,
      ipv6: addresses.ipv6,
      interfaceName: joined?.interface?.name,
      gatewayIpv4: joined?.answer.gatewayIpv4,
      gatewayIpv6: joined?.answer.gatewayIpv6,
      staticRoutes: [...(joined?.answer.staticRoutes ?? []), ...options.staticRoutes],
      sandbox: this.sandbox,
    };
  }

  /**
   * What the driver tells of it.
   *
   * @throws plugin_unreachable and the like, where the driver is a plugin
   */
  async driverInfo(): Promise<Readonly<Record<string, PlainData>>> {
    const { driver, network, id } = this.#core;
    return driver.endpointOperInfo(network.id, id);
  }

  /**
   * Puts the endpoint into a sandbox. When the promise is kept, the sandbox sends and receives by it, in every family.
   *
   * @throws endpoint_joined, endpoint_deleted, sandbox_deleted, sandbox_lost, sandbox_shared, sandbox_of_host, interface_name_in_use,
   * invalid_option, controller_closed ...
   */
  async join(sandbox: Sandbox): Promise<void> {
    requireSandbox(sandbox);
    const { engine, id } = this.#core;
    this.#refuseGateway();
    return engine.exclusively(
      () => [...locksOf(sandbox), id],
      () => joinSandbox(this.#core, Sandbox.core(sandbox)),
    );
  }

  /**
   * Takes the endpoint out of its sandbox: nothing gets through any more when the promise is kept.
   *
   * @throws endpoint_not_joined, endpoint_deleted, invalid_option, controller_closed
   */
  async leave(sandbox: Sandbox): Promise<void> {
    requireSandbox(sandbox);
    const { engine, id } = this.#core;
    return engine.exclusively(
      () => [...locksOf(sandbox), id],
      async () => {
        this.#core.assertUsable();
        this.#refuseGateway();
        if (this.record.join?.sandboxId !== sandbox.id) {
          const message = `endpoint "${this.name}" is not in sandbox "${sandbox.containerId}"`;
          throw conflict("endpoint_not_joined", message);
        }
        await leaveSandbox(this.#core, Sandbox.core(sandbox));
      },
    );
  }

  /**
   * Says whether it can serve. While it cannot, no new connection to its service is led to it, and those that stand go on.
   *
   * @throws endpoint_without_service, endpoint_deleted, invalid_option, controller_closed
   */
  setHealthy(healthy: boolean): Promise<void> {
    const { engine, network, id } = this.#core;
    return engine.exclusively(
      () => [network.id, id, this.sandbox?.id ?? id],
      () => setHealthy(this.#core, healthy),
    );
  }

  /**
   * Deletes the endpoint; its addresses and host ports are free again.
   *
   * @throws endpoint_joined, endpoint_deleted, controller_closed
   */
  delete(options: DeleteEndpointOptions = {}): Promise<void> {
    const { engine, network, id } = this.#core;
    return engine.exclusively(
      () => [network.id, id, this.sandbox?.id ?? id],
      async () => {
        this.#core.assertUsable();
        this.#refuseGateway();
        const { force } = deleteOptions(options, "options");
        const { sandbox } = this;
        if (sandbox !== undefined && !force) {
          const message = `endpoint "${this.name}" is in sandbox "${sandbox.containerId}": let it leave first, or use force`;
          throw forbidden("endpoint_joined", message, { sandbox: sandbox.id });
        }
        await deleteEndpoint(this.#core);
      },
    );
  }

  /**
   * Other names, links and named ports from the next question on; what is left out stays as it is.
   *
   * @throws invalid_hostname, invalid_port, unknown_option, invalid_option, endpoint_deleted, controller_closed
   */
  updateNames(names: EndpointNames): Promise<void> {
    return this.#core.engine.exclusively(
      () => this.#locks(),
      () => {
        this.#refuseGateway();
        return updateNames(this.#core, names);
      },
    );
  }

  /**
   * Publishes more ports, joined or not.
   *
   * @returns all bindings of the endpoint
   * @throws port_in_use, invalid_port, unsupported_by_driver, publish_internal, endpoint_deleted, controller_closed ...
   */
  publish(ports: readonly PublishOptions[]): Promise<readonly PortBinding[]> {
    return this.#withSandbox(() => publishPorts(this.#core, ports));
  }

  /**
   * Takes published ports back; connections through them end.
   *
   * @returns the bindings that are left
   * @throws binding_not_found where a selector matches none; endpoint_deleted, controller_closed
   */
  unpublish(selectors: readonly BindingSelector[]): Promise<readonly PortBinding[]> {
    return this.#withSandbox(() => unpublishPorts(this.#core, selectors));
  }

  /** Ports may be its sandbox's way out's. */
  #withSandbox<T>(operation: () => Promise<T>): Promise<T> {
    return this.#core.engine.exclusively(
      () => this.#locks(),
      () => {
        this.#refuseGateway();
        return operation();
      },
    );
  }

  /** The endpoint, and the sandbox that it is in. */
  #locks(): readonly string[] {
    return [this.id, ...(this.sandbox === undefined ? [] : locksOf(this.sandbox))];
  }

  /** @throws endpoint_of_gateway_bridge */
  #refuseGateway(): void {
    if (!isGatewayEndpoint(this.#core)) return;
    const message = `endpoint "${this.name}" is its sandbox's way out: it comes and goes with the sandbox's other endpoints`;
    throw forbidden("endpoint_of_gateway_bridge", message);
  }

  /** How console.log shows it. */
  [inspect.custom](): string {
    const { name, network, ipv4, ipv6, sandbox, id } = this;
    const addresses = [ipv4, ipv6].filter((cidr) => cidr !== undefined);
    const place = sandbox === undefined ? [] : ["in", sandbox.containerId];
    return `Endpoint ${[name, "of", network.name, ...addresses, ...place].join(" ")} (${id})`;
  }
}
