/**
 * The entry point of the model: it makes networks and sandboxes, finds them again, and takes them up after a restart.
 *
 * `wiring.ts` makes it a NetworkController by choosing the rooms behind it.
 */

import type { ClusterState } from "./contracts/cluster.ts";
import type { HostWatch } from "./contracts/host-watch.ts";
import type { Endpoint } from "./endpoint.ts";
import { forbidden, notFound } from "./errors.ts";
import { announceEndpoint } from "./model/endpoint-events.ts";
import { prepareEndpoint } from "./model/endpoint-maker.ts";
import type { EndpointOptions } from "./model/endpoint-options.ts";
import { Engine, type ModelParts } from "./model/engine.ts";
import type { CausewayEvent } from "./model/events.ts";
import { makeGateway } from "./model/gateway/gateway-bridge.ts";
import { reviewGateway } from "./model/gateway/review.ts";
import { isIngress } from "./model/global/ingress.ts";
import { letGoOfNetwork } from "./model/global/network-following.ts";
import { enginePatient } from "./model/healing/engine-patient.ts";
import { Healer } from "./model/healing/healer.ts";
import { type Health, inspectHealth, type Repair, repair } from "./model/health/health.ts";
import { newId } from "./model/ids.ts";
import { commitMade } from "./model/intents/asking.ts";
import { announceJoin, prepareJoin } from "./model/joining.ts";
import type { NetworkCore } from "./model/network-core.ts";
import { deleteNetwork } from "./model/network-deletion.ts";
import { makeNetwork } from "./model/network-maker.ts";
import type { NetworkOptions } from "./model/network-options.ts";
import type { RestoreProblem } from "./model/problems.ts";
import { put } from "./model/records.ts";
import type { Registry } from "./model/registry.ts";
import { restore } from "./model/restore.ts";
import type { SandboxCore } from "./model/sandbox-core.ts";
import { announceSandbox, prepareSandbox } from "./model/sandbox-maker.ts";
import type { SandboxOptions } from "./model/sandbox-options.ts";
import { discardRecord } from "./model/stored-records.ts";
import { finishing, undoing } from "./model/undo.ts";
import { Network } from "./network.ts";
import { invalidOption, opaque, parseObject, string } from "./options/parse.ts";
import type { Sandbox } from "./sandbox.ts";
import { readTopology, type Topology } from "./topology/topology.ts";

/** Options of {@link NetworkController.attach}: the endpoint's and the sandbox's in one. */
export interface AttachOptions {
  /** Names the container. Default: an id of its own. */
  readonly containerId?: string;
  /** Default: the container's id. */
  readonly endpointName?: string;
  readonly endpoint?: EndpointOptions;
  readonly sandbox?: SandboxOptions;
}

const attachTable = { containerId: string, endpointName: string, endpoint: opaque, sandbox: opaque };

/** How long a plugin that does not answer may keep a controller from closing, at a time. */
const longestPluginMs = 10_000;

export interface Attachment {
  readonly endpoint: Endpoint;
  readonly sandbox: Sandbox;
}

export abstract class Controller implements AsyncDisposable {
  readonly #engine: Engine;
  #closing: Promise<void> | undefined;
  #healer: Healer | undefined;

  protected constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What could not be taken up from the store at start-up; the rest works. */
  get problems(): readonly RestoreProblem[] {
    return [...this.#engine.unrestored.values()];
  }

  /** This host among the others. Undefined: it is in no cluster. */
  get cluster(): ClusterState | undefined {
    const { cluster } = this.#engine.parts;
    return (
      cluster && {
        self: cluster.self,
        get availability() {
          return cluster.availability;
        },
        onAvailability: (listener, signal) => cluster.onAvailability(listener, signal),
      }
    );
  }

  /** Takes up what is stored. For wiring. */
  protected static async restored(parts: ModelParts): Promise<Engine> {
    const engine = new Engine(parts);
    const { gatewayNetwork } = parts;
    if (gatewayNetwork !== undefined)
      engine.makeGateway = (...wish) => makeGateway(engine, gatewayNetwork, ...wish);
    await restore(engine);
    return engine;
  }

  /** From now on, until it closes, what somebody else takes away is put back. For wiring. */
  protected startHealing(watch: HostWatch): void {
    this.#healer = new Healer(enginePatient(this.#engine), watch);
  }

  /**
   * Makes a network.
   *
   * @param type name of the driver: `bridge` ...
   * @throws invalid_name, network_name_in_use, unknown_driver, unknown_option, invalid_option, invalid_subnet,
   * pool_overlap, route_overlap, address_out_of_range, driver_singleton, controller_closed ...
   */
  async newNetwork(type: string, name: string, options: NetworkOptions = {}): Promise<Network> {
    const wish = { driver: type, name, options };
    const { handle } = await makeNetwork(this.#engine, wish, { predefined: false });
    return handle;
  }

  networks(): readonly Network[] {
    return [...this.#networks].map(({ handle }) => handle);
  }

  /** Calls `visit` with each network until it answers true. */
  walkNetworks(visit: (network: Network) => boolean): void {
    for (const { handle } of this.#networks) if (visit(handle)) return;
  }

  networkById(id: string): Network | undefined {
    return this.#networks.byId(id)?.handle;
  }

  networkByName(name: string): Network | undefined {
    return this.#networks.byName(name)?.handle;
  }

  /**
   * By id, name, or unique beginning of an id.
   *
   * @throws ambiguous_id
   */
  findNetwork(reference: string): Network | undefined {
    return this.#networks.find(reference)?.handle;
  }

  /**
   * Makes a sandbox for a container.
   *
   * @throws invalid_name, sandbox_exists, container_not_found, container_not_running, unknown_option, controller_closed ...
   */
  newSandbox(containerId: string, options: SandboxOptions = {}): Promise<Sandbox> {
    // The one whose stack is shared must not go meanwhile.
    const shared = () =>
      typeof options?.shareWith === "string" ? this.#engine.sandboxes.find(options.shareWith) : undefined;
    const keys = () => [`container:${containerId}`, shared()?.id ?? `container:${containerId}`];
    return this.#engine.exclusively(keys, () =>
      undoing(async (undo) => {
        const sandbox = prepareSandbox(this.#engine, containerId, options, undo);
        await this.#engine.commit(put("sandbox", sandbox.record));
        announceSandbox(sandbox);
        return sandbox.handle;
      }),
    );
  }

  sandboxes(): readonly Sandbox[] {
    return [...this.#sandboxes].map(({ handle }) => handle);
  }

  /** Calls `visit` with each sandbox until it answers true. */
  walkSandboxes(visit: (sandbox: Sandbox) => boolean): void {
    for (const { handle } of this.#sandboxes) if (visit(handle)) return;
  }

  sandboxById(id: string): Sandbox | undefined {
    return this.#sandboxes.byId(id)?.handle;
  }

  sandboxByContainerId(containerId: string): Sandbox | undefined {
    return this.#sandboxes.byName(containerId)?.handle;
  }

  /**
   * By id, container id, or unique beginning of an id.
   *
   * @throws ambiguous_id
   */
  findSandbox(reference: string): Sandbox | undefined {
    return this.#sandboxes.find(reference)?.handle;
  }

  /**
   * Deletes the sandbox of a container.
   *
   * @throws sandbox_not_found
   */
  async sandboxDestroy(containerId: string): Promise<void> {
    const sandbox = this.sandboxByContainerId(containerId);
    if (sandbox === undefined)
      throw notFound("sandbox_not_found", `container "${containerId}" has no sandbox`, containerId);
    await sandbox.delete({ endpoints: "delete" });
  }

  /** Endpoint, sandbox and join in one call and one durable write. `sandbox.delete({ endpoints: "delete" })` undoes it. */
  async attach(network: Network, options: AttachOptions = {}): Promise<Attachment> {
    if (!(network instanceof Network))
      throw invalidOption("network", network, "a network: give one of the controller's");
    const given = parseObject(attachTable, options, "options");
    const { containerId = newId(), endpointName = containerId } = given;
    const core = Network.core(network);
    return this.#engine.exclusively([network.id, `container:${containerId}`], async () => {
      const { endpoint, sandbox, turn } = await undoing(async (undo) => {
        const sandbox = prepareSandbox(this.#engine, containerId, options.sandbox ?? {}, undo);
        const endpoint = await prepareEndpoint(core, endpointName, options.endpoint ?? {}, undo);
        await prepareJoin(endpoint, sandbox, undo);
        const turn = await reviewGateway(sandbox, undo);
        const own = [put("sandbox", sandbox.record), put("endpoint", endpoint.record)];
        await commitMade(this.#engine, undo, ...own, ...turn.changes);
        return { endpoint, sandbox, turn };
      });
      announceSandbox(sandbox);
      announceEndpoint(endpoint);
      announceJoin(endpoint);
      await turn.finish();
      return { endpoint: endpoint.handle, sandbox: sandbox.handle };
    });
  }

  /**
   * Gives up what is stored of an object and cannot be read: one of {@link problems} whose error is `record_unreadable`. What it has
   * in the kernel, and its addresses, are let go of at the next start.
   *
   * @throws record_not_found
   */
  discardRecord(kind: RestoreProblem["kind"], id: string): Promise<void> {
    return this.#engine.exclusively([id], () => discardRecord(this.#engine, kind, id));
  }

  /** What happens from now on. Ends when the signal aborts, the loop is left, or the controller closes. */
  events(signal?: AbortSignal): AsyncIterableIterator<CausewayEvent> & AsyncDisposable {
    this.#engine.assertOpen();
    return this.#engine.events.subscribe(signal);
  }

  /**
   * What stands on the host and in the sandboxes, asked of the kernel; `topologyText` draws it.
   *
   * @throws controller_closed
   */
  async topology(): Promise<Topology> {
    return this.#engine.ask(() => readTopology(this.#engine));
  }

  /**
   * Compares what is stored with the kernel and the host, and tells what is not as it should be. Changes nothing, and works
   * however broken the host is: what cannot be looked at is an item of its own.
   *
   * @throws controller_closed
   */
  async inspectHealth(): Promise<Health> {
    this.#engine.assertOpen();
    return inspectHealth(this.#engine);
  }

  /**
   * Mends what is ours and not as it should be, beside whatever else goes on; what is somebody else's is left alone. Once more,
   * it does nothing.
   *
   * @throws controller_closed
   */
  async repair(): Promise<Repair> {
    this.#engine.assertOpen();
    this.#healer?.forgive();
    return repair(this.#engine);
  }

  /** Names of the drivers that networks can be made with. */
  builtinDrivers(): readonly string[] {
    return [...this.#engine.parts.drivers.keys()];
  }

  builtinIpamDrivers(): readonly string[] {
    return [...this.#engine.parts.ipams.keys()];
  }

  /**
   * Stops: what has begun is waited for, and nothing can be called any more. Sandboxes and networks stay as they are,
   * and go on working.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { drivers, plugins } = this.#engine.parts;
    // What a plugin does not answer would be waited for; what is left of it is stored.
    const hurry = setInterval(() => plugins?.close(), longestPluginMs);
    await Promise.all([this.#healer?.close(), this.#engine.close()]).finally(() => clearInterval(hurry));
    await finishing(
      "closing the controller",
      ...[...drivers.values()].map((driver) => () => driver.close()),
      () => plugins?.close(),
      () => this.closeParts(),
    );
  }

  /**
   * Takes out of the kernel what {@link close} leaves there: the predefined networks and the packet filter's tables; and
   * closes. Networks that users made must have been deleted, but for those of the cluster, which stay on other hosts. Forwarding that was turned on stays on.
   *
   * @throws networks_left, network_has_endpoints, controller_closed
   */
  async uninstall(): Promise<void> {
    this.#engine.assertOpen();
    const left = [...this.#networks].filter(
      ({ record, endpoints }) =>
        !record.predefined && (record.shared !== true || [...endpoints].some((one) => !isIngress(one))),
    );
    if (left.length > 0) {
      const names = left.map(({ name }) => name);
      const message = `there are still networks: ${names.slice(0, 10).join(", ")}; delete them first`;
      throw forbidden("networks_left", message, { networks: names });
    }
    await this.#engine.global?.ingress.remove();
    for (const network of [...this.#networks]) {
      await this.#engine.exclusively([network.id], () =>
        network.record.shared === true ? letGoOfNetwork(network) : deleteNetwork(network),
      );
    }
    await this.#engine.global?.leave();
    await this.#healer?.close();
    this.uninstallParts();
    await this.close();
  }

  /** What wiring put into the kernel besides networks is taken out here. */
  protected abstract uninstallParts(): void;

  /** What wiring made, the model's parts among it, is closed here. */
  protected abstract closeParts(): Promise<void>;

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #networks(): Registry<NetworkCore> {
    this.#engine.assertOpen();
    return this.#engine.networks;
  }

  get #sandboxes(): Registry<SandboxCore> {
    this.#engine.assertOpen();
    return this.#engine.sandboxes;
  }
}
