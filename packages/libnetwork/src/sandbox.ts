/**
 * Sandbox: a container's network stack (interfaces, routes, names), in a network namespace. Many endpoints may join it.
 *
 * What stands here is what users call; how it is done is in `model/`, which works with SandboxCores.
 */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { inspect } from "node:util";
import type { Lookup, Trace } from "./contracts/names.ts";
import type { InterfaceStatistics, NamespacePlace } from "./contracts/netstack.ts";
import type { SandboxFilePaths } from "./contracts/sandbox-files.ts";
import type { Endpoint } from "./endpoint.ts";
import { conflict } from "./errors.ts";
import { adoptKey } from "./model/adoption.ts";
import { isGatewayEndpoint } from "./model/gateway/way-out.ts";
import { sandboxLost } from "./model/lost.ts";
import { lookupOf, type QuestionOptions, trace } from "./model/names/lookup.ts";
import { hideNames, renameSandbox, setExtraHosts } from "./model/names/sandbox-changes.ts";
import type { SandboxRecord } from "./model/records.ts";
import type { SandboxCore } from "./model/sandbox-core.ts";
import { deleteSandbox } from "./model/sandbox-deletion.ts";
import { locksOf } from "./model/sandbox-locks.ts";
import type { SandboxOptions } from "./model/sandbox-options.ts";
import { type RefreshOptions, refreshSandbox } from "./model/sandbox-refresh.ts";
import { completeObjectOf, withDefault } from "./options/defaults.ts";
import { invalidOption, oneOf, type Parsed } from "./options/parse.ts";

const deleteTable = {
  /** They stay, and may join another sandbox, or go with it. Default: keep. */
  endpoints: withDefault(oneOf("keep", "delete"), "keep"),
};
const deleteOptions = completeObjectOf(deleteTable);
export interface DeleteSandboxOptions extends Parsed<typeof deleteTable> {}

export class Sandbox {
  readonly #core: SandboxCore;

  /** Users get sandboxes from the controller. */
  constructor(core: SandboxCore) {
    this.#core = core;
  }

  /** What the model works with. Users have the type alone, and do not see it. */
  static core(sandbox: Sandbox): SandboxCore {
    return sandbox.#core;
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.record.id;
  }

  get containerId(): string {
    return this.record.containerId;
  }

  /** The name in lookups: the container's id. */
  get name(): string {
    return this.record.containerId;
  }

  get created(): Date {
    return new Date(this.record.created);
  }

  get labels(): Readonly<Record<string, string>> {
    return this.record.options.labels;
  }

  /** Path of its network namespace, or where it was; undefined while somebody else is still to make it. */
  get key(): string | undefined {
    return this.#core.namespace?.path;
  }

  /**
   * Path of its network namespace: what a container runtime is given.
   *
   * @throws sandbox_without_key while there is none; sandbox_lost
   */
  get netnsPath(): string {
    return this.#namespace().path;
  }

  /** Files to mount over /etc/hosts, /etc/hostname and /etc/resolv.conf. */
  get files(): SandboxFilePaths {
    const { engine, stack } = this.#core;
    return engine.parts.files.paths(stack.id);
  }

  /** The sandbox whose stack this one shares. */
  get sharedWith(): Sandbox | undefined {
    return this.#core.owner?.handle;
  }

  /**
   * Its namespace is gone, by a reboot, with its last process or by somebody's hand, and nothing but deleting is left to do. Its
   * endpoints keep their addresses, names and host ports meanwhile, and cannot be reached.
   */
  get lost(): boolean {
    return this.#core.lost;
  }

  get usesHostNetwork(): boolean {
    return this.record.options.useHostNetwork;
  }

  /**
   * In the order of their joining. Those of the sandbox whose stack it shares, where it shares one. The one on the gateway bridge, which is
   * nobody's to change, is not among them; {@link gateway} answers it.
   */
  endpoints(): readonly Endpoint[] {
    const own = this.#core.endpoints().filter((endpoint) => !isGatewayEndpoint(endpoint));
    return own.map(({ handle }) => handle);
  }

  /** The endpoint that traffic to elsewhere leaves by. */
  gateway(family: 4 | 6): Endpoint | undefined {
    return this.#core.gateway(family)?.handle;
  }

  /** What is stored of it: plain data. */
  get record(): SandboxRecord {
    return this.#core.record;
  }

  /**
   * Counters of each interface, by its name.
   *
   * @throws sandbox_without_key, sandbox_lost, sandbox_deleted, controller_closed
   */
  statistics(): ReadonlyMap<string, InterfaceStatistics> {
    const { engine } = this.#core;
    return engine.ask(() => {
      this.#core.assertUsable();
      const names = this.#core.endpoints().map(({ record }) => record.join?.interface?.name);
      const present = names.filter((name) => name !== undefined);
      return engine.parts.netstack.statistics(this.#namespace(), present);
    });
  }

  /**
   * What a program in the sandbox is told when it asks for a name (`web`), an address' name (`10.0.0.2`) or a service (`_http._tcp.web`, with
   * type SRV). The search list of resolv.conf has no part in it.
   *
   * @throws resolver_off, invalid_name, unknown_record_type, resolver_failed, sandbox_lost, sandbox_deleted, controller_closed
   */
  async resolve(name: string, options: QuestionOptions = {}): Promise<Lookup> {
    return lookupOf(await this.trace(name, options));
  }

  /**
   * The same, and how it was found: which network, which record, which name server, and why not.
   *
   * @throws what {@link resolve} throws
   */
  async trace(name: string, options: QuestionOptions = {}): Promise<Trace> {
    return this.#core.engine.ask(() => trace(this.#core, name, options));
  }

  /**
   * Others find it by its names, as they do from the beginning: see {@link disableService}.
   *
   * @throws sandbox_shared, sandbox_deleted, controller_closed
   */
  enableService(): Promise<void> {
    return this.#hide(false);
  }

  /**
   * Others do not find it by its names any more, while it is reached by its addresses as before: to let one of several go, its
   * connections last.
   *
   * @throws sandbox_shared, sandbox_deleted, controller_closed
   */
  disableService(): Promise<void> {
    return this.#hide(true);
  }

  #hide(hidden: boolean): Promise<void> {
    return this.#core.engine.exclusively(
      () => locksOf(this.#core),
      () => hideNames(this.#core, hidden),
    );
  }

  /**
   * Other lines of /etc/hosts, in the place of its `extraHosts`, and nothing else: no endpoint is touched.
   *
   * @throws invalid_hostname, invalid_address, invalid_option, sandbox_shared, sandbox_deleted, controller_closed
   */
  setExtraHosts(extraHosts: NonNullable<SandboxOptions["extraHosts"]>): Promise<void> {
    return this.#core.engine.exclusively(
      () => locksOf(this.#core),
      () => setExtraHosts(this.#core, extraHosts),
    );
  }

  /**
   * Starts a process in the sandbox's network; everything else is as with child_process.spawn.
   *
   * @throws sandbox_without_key, sandbox_lost, sandbox_deleted, controller_closed
   */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    const { engine } = this.#core;
    return engine.ask(() => {
      this.#core.assertUsable();
      return engine.parts.netstack.spawn(this.#namespace(), command, args, options);
    });
  }

  /**
   * Adopts a namespace that was made elsewhere: the interfaces of endpoints that have joined are made in it.
   *
   * @throws sandbox_has_key, namespace_not_found, namespace_in_use, key_is_host, invalid_path, sandbox_lost, sandbox_shared ...
   */
  setKey(path: string): Promise<void> {
    return this.#core.engine.exclusively(
      () => this.#keys(),
      () => adoptKey(this.#core, path),
    );
  }

  /**
   * Takes new options and builds the stack anew: every endpoint leaves and joins again, in the same order.
   *
   * @param given options that change; the way the namespace came to be cannot
   * @throws unknown_option, invalid_option, invalid_hostname, sandbox_lost, sandbox_shared, sandbox_deleted, controller_closed ...
   */
  refresh(given: RefreshOptions = {}): Promise<void> {
    return this.#core.engine.exclusively(
      () => this.#keys(),
      () => refreshSandbox(this.#core, given),
    );
  }

  /**
   * The container got another id.
   *
   * @throws invalid_name, sandbox_exists, sandbox_deleted, controller_closed
   */
  rename(containerId: string): Promise<void> {
    return this.#core.engine.exclusively(
      () => [...locksOf(this.#core), `container:${containerId}`],
      () => renameSandbox(this.#core, containerId),
    );
  }

  /**
   * Takes every endpoint out and lets go of the namespace: a process that still lives in it is cut off.
   *
   * While other containers share the stack it lives on for them, without its own container.
   *
   * @throws sandbox_deleted, controller_closed
   */
  delete(options: DeleteSandboxOptions = {}): Promise<void> {
    const keys = () => [...this.#keys(), this.#core.stack.id];
    return this.#core.engine.exclusively(keys, async () => {
      this.#core.assertUsable();
      const { endpoints } = deleteOptions(options, "options");
      await deleteSandbox(this.#core, endpoints);
    });
  }

  /** What is locked to change the stack: the sandbox and the endpoints in it. */
  #keys(): readonly string[] {
    return [...locksOf(this.#core), ...this.#core.endpoints().map(({ id }) => id)];
  }

  /** @throws sandbox_lost, sandbox_without_key */
  #namespace(): NamespacePlace {
    const { namespace } = this.#core;
    if (this.#core.lost) throw sandboxLost(this.#core);
    if (namespace !== undefined) return namespace;
    const message = `sandbox "${this.name}" has no namespace yet: adopt one with setKey`;
    throw conflict("sandbox_without_key", message);
  }

  /** How console.log shows it. */
  [inspect.custom](): string {
    const { containerId, key = "without namespace", id } = this;
    return `Sandbox ${containerId} ${this.lost ? "lost" : key} (${id})`;
  }
}

/**
 * For methods that users call.
 *
 * @throws invalid_option
 */
export function requireSandbox(given: unknown): void {
  if (!(given instanceof Sandbox))
    throw invalidOption("sandbox", given, "a sandbox: give one of the controller's");
}
