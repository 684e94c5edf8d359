/**
 * The kernel's side of sandboxes: KernelNetStack carries out on namespaces, links, addresses and routes what the model
 * and the drivers decide. Every entry into a namespace is synchronous and over when a method answers.
 */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { files, link, NetNamespace, type Reaper, Rtnl, unbindNamespace, withReserve } from "@causeway/kernel";
import type { EndpointInterface } from "../contracts/driver.ts";
import type { HealthItem } from "../contracts/health.ts";
import type {
  AddedInterface,
  GuestInterface,
  InterfaceRequest,
  InterfaceState,
  InterfaceStatistics,
  LiveInterface,
  LiveRouting,
  Marked,
  NamespacePlace,
  NetStack,
  RoutingPlan,
  SeenInterface,
} from "../contracts/netstack.ts";
import { forbidden } from "../errors.ts";
import { inspectConnectionTable } from "./connection-table.ts";
import { returnLink } from "./guest-link.ts";
import { hostNameServers, hostPrefixes } from "./host-prefixes.ts";
import { InterfaceMaker } from "./interface-maker.ts";
import { mendInterface } from "./interface-mending.ts";
import { liveInterfaces } from "./live-interfaces.ts";
import { liveRouting, mostInSandbox } from "./live-routing.ts";
import { markedLinks, markedLinksInside } from "./marked-links.ts";
import {
  findNamespace,
  noNamespace,
  openNamespace,
  removeUnmounted,
  showsNamespace,
} from "./namespace-place.ts";
import { NamespacePool } from "./namespace-pool.ts";
import { isOwnRoute, isOwnRule, planRouting } from "./routing.ts";
import { changeRouting, isNothing, type RoutingChange, routingChange } from "./routing-change.ts";
import { namespaceNamed, sandboxNameOf } from "./run-directory.ts";
import { makeSandboxNamespace, prepareNamespace } from "./sandbox-namespace.ts";

export interface NetStackOptions {
  /** The host's namespace. */
  readonly host: NetNamespace;
  /** A connection to rtnetlink in the host's namespace. */
  readonly rtnl: Rtnl;
  readonly reaper: Reaper;
  /** Namespaces are bind-mounted in its folder `netns`. */
  readonly runDir: string;
  /** How many namespaces are kept ready. */
  readonly warmNamespaces: number;
  /** The host's resolv.conf. */
  readonly hostResolvConf: string;
  /** The kernel has IPv6. */
  readonly ipv6: boolean;
  /** Is told of each namespace that is made, before anybody knows whose it will be. */
  readonly user: NamespaceUser;
  /** Alias of a link of ours, for the id of what it belongs to. */
  readonly ownerOf: (objectId: string) => string;
}

/** Somebody else who does something in the namespaces of sandboxes. */
export interface NamespaceUser {
  /** Of one that is kept ready, the path is good until somebody takes it. */
  made(place: NamespacePlace): void;
  /** Whatever was done in it is to be let go of. */
  released(place: NamespacePlace): void;
}

/** Under this name the host's own namespace stands among the sandboxes'. */
const hostName = "host";
/** The reaper is done with a link long before. */
const longestWaitMs = 1000;

export class KernelNetStack implements NetStack {
  readonly #host: NetNamespace;
  readonly #rtnl: Rtnl;
  readonly #reaper: Reaper;
  /** What the aliases of all our links begin with. */
  readonly #mark: string;
  readonly #directory: string;
  readonly #pool: NamespacePool;
  readonly #maker: InterfaceMaker;
  readonly #hostResolvConf: string;
  readonly #ipv6: boolean;
  readonly #user: NamespaceUser;
  #hostPlace: NamespacePlace | undefined;
  /** Until what was swept is gone. */
  #sweptGone: Promise<void> | undefined;

  constructor(options: NetStackOptions) {
    this.#host = options.host;
    this.#rtnl = options.rtnl;
    this.#reaper = options.reaper;
    this.#mark = options.ownerOf("");
    this.#directory = join(options.runDir, "netns");
    files.mkdirSync(this.#directory, { recursive: true, mode: 0o755 });
    this.#hostResolvConf = options.hostResolvConf;
    this.#ipv6 = options.ipv6;
    this.#user = options.user;
    this.#pool = new NamespacePool(options.warmNamespaces, () => this.#makeAhead());
    this.#maker = new InterfaceMaker(options.host, options.rtnl, options.reaper);
  }

  createNamespace(sandboxId: string): NamespacePlace {
    const path = join(this.#directory, sandboxNameOf(sandboxId));
    const ready = this.#pool.take();
    using namespace = ready ?? makeSandboxNamespace(this.#ipv6);
    const place = { path, identity: namespace.identity };
    try {
      namespace.bindAt(path);
    } catch (error) {
      this.#user.released(place);
      throw error;
    }
    if (ready === undefined) this.#user.made(place);
    return place;
  }

  #makeAhead(): NetNamespace {
    const namespace = makeSandboxNamespace(this.#ipv6);
    const { fd, identity } = namespace;
    this.#user.made({ path: `/proc/self/fd/${fd}`, identity });
    return namespace;
  }

  hostNamespace(): NamespacePlace {
    if (this.#hostPlace !== undefined) return this.#hostPlace;
    const place = { path: join(this.#directory, hostName), identity: this.#host.identity };
    if (!this.isThere(place)) {
      // An earlier run may have had another host.
      if (showsNamespace(place.path)) unbindNamespace(place.path);
      removeUnmounted(place.path);
      this.#host.bindAt(place.path);
    }
    this.#hostPlace = place;
    return place;
  }

  adoptNamespace(path: string): NamespacePlace {
    if (!showsNamespace(path)) throw noNamespace(path);
    using namespace = NetNamespace.open(path);
    const { identity } = namespace;
    if (identity === this.#host.identity) {
      const message = `${path} is the host's own network namespace, whose routes are not ours to change: make the sandbox with useHostNetwork`;
      throw forbidden("key_is_host", message, path);
    }
    prepareNamespace(namespace, this.#ipv6);
    return { path, identity };
  }

  isThere(place: NamespacePlace): boolean {
    using namespace = findNamespace(place);
    return namespace !== undefined;
  }

  releaseNamespace(place: NamespacePlace): void {
    const { path } = place;
    this.#user.released(place);
    // What somebody else has put in its place is not ours to let go of; a mere file is.
    if (withReserve(() => !this.isThere(place) && showsNamespace(path))) return;
    this.#reaper.later(this.#reaper.releaseNamespace(path));
  }

  marked(): Marked {
    const namespaces = files.readdirSync(this.#directory).flatMap((name) => {
      const whose = namespaceNamed(name);
      return whose === undefined ? [] : [{ path: join(this.#directory, name), ...whose }];
    });
    const inside = namespaces.filter((one) => one.of === "network").map(({ path }) => path);
    return {
      links: [
        ...markedLinks(this.#rtnl, this.#mark),
        ...inside.flatMap((path) => markedLinksInside(path, this.#mark)),
      ],
      namespaces,
    };
  }

  sweep({ links, namespaces }: Marked): void {
    const going: Promise<void>[] = [];
    for (const { index, inside } of links) {
      // One of a network's own namespace is cut off when its turn comes.
      if (inside === undefined) this.#rtnl.attempt([link.change({ index }, { up: false })]);
      const gone = this.#reaper.deleteLink({ index }, inside);
      this.#reaper.later(gone);
      going.push(gone);
    }
    if (going.length > 0) this.#expectGone(going);
    for (const { path } of namespaces) {
      if (!removeUnmounted(path) && showsNamespace(path))
        this.#reaper.later(this.#reaper.releaseNamespace(path));
    }
  }

  #expectGone(going: readonly Promise<void>[]): void {
    this.#sweptGone = Promise.allSettled(going).then(() => {
      this.#sweptGone = undefined;
    });
  }

  sweptLinksGone(): Promise<void> | undefined {
    return this.#sweptGone;
  }

  reaped(): Promise<void> {
    return this.#reaper.settled();
  }

  addInterface(request: InterfaceRequest): AddedInterface {
    using namespace = openNamespace(request.namespace);
    return this.#maker.make(namespace, request);
  }

  returnInterface(place: NamespacePlace, guest: GuestInterface): void {
    withReserve(() => {
      using namespace = findNamespace(place);
      if (namespace === undefined) return;
      using inside = new Rtnl(namespace);
      returnLink(inside, { namespace: this.#host, rtnl: this.#rtnl }, guest);
    });
  }

  mendInterface(place: NamespacePlace, made: InterfaceState, addresses: EndpointInterface): void {
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    mendInterface(rtnl, made, addresses);
  }

  disableInterface(place: NamespacePlace, name: string): void {
    withReserve(() => this.#disable(place, name));
  }

  #disable(place: NamespacePlace, name: string): void {
    using namespace = findNamespace(place);
    if (namespace === undefined) return;
    using rtnl = new Rtnl(namespace);
    const [failure] = rtnl.attempt([link.change({ name }, { up: false })]);
    if (failure !== undefined && failure.code !== "ENODEV") throw failure;
  }

  async interfacesGone(place: NamespacePlace, names: readonly string[]): Promise<void> {
    const giveUp = performance.now() + longestWaitMs;
    using namespace = findNamespace(place);
    if (namespace === undefined) return;
    using rtnl = new Rtnl(namespace);
    while (names.some((name) => rtnl.findLink({ name }) !== undefined) && performance.now() < giveUp)
      await setTimeout(2);
  }

  applyRouting(place: NamespacePlace, before: RoutingPlan | undefined, after: RoutingPlan): void {
    const change = routingChange(before, after);
    if (!isNothing(change)) withReserve(() => this.#changeRouting(place, change));
  }

  #changeRouting(place: NamespacePlace, change: RoutingChange): void {
    using namespace = findNamespace(place);
    if (namespace === undefined) return;
    using rtnl = new Rtnl(namespace);
    changeRouting(rtnl, change);
  }

  statistics(place: NamespacePlace, names: readonly string[]): ReadonlyMap<string, InterfaceStatistics> {
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    const found = new Map<string, InterfaceStatistics>();
    for (const name of names) {
      const statistics = rtnl.findLink({ name })?.statistics;
      if (statistics !== undefined) found.set(name, statistics);
    }
    return found;
  }

  interfaces(place?: NamespacePlace): readonly LiveInterface[] {
    if (place === undefined) return liveInterfaces(this.#rtnl);
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    return liveInterfaces(rtnl, { most: mostInSandbox });
  }

  interfaceStates(place: NamespacePlace): readonly SeenInterface[] {
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    const links = rtnl.dump(link.list(), { most: mostInSandbox });
    return links.map((found) => ({ name: found.name, index: found.index, up: link.isUp(found) }));
  }

  leftPolicy(place: NamespacePlace): RoutingPlan {
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    const { routes, rules } = liveRouting(rtnl);
    return { ...planRouting([]), routes: routes.filter(isOwnRoute), rules: rules.filter(isOwnRule) };
  }

  routing(place: NamespacePlace): LiveRouting {
    using namespace = openNamespace(place);
    using rtnl = new Rtnl(namespace);
    return liveRouting(rtnl);
  }

  spawn(
    place: NamespacePlace,
    command: string,
    args: readonly string[],
    options: SpawnOptions,
  ): ChildProcess {
    using namespace = openNamespace(place);
    return namespace.spawn(command, args, options);
  }

  hostPrefixes(): readonly string[] {
    return hostPrefixes(this.#rtnl, this.#hostResolvConf);
  }

  hostNameServers(): readonly string[] {
    return hostNameServers(this.#hostResolvConf);
  }

  inspectHost(): readonly HealthItem[] {
    return this.#host.run(inspectConnectionTable);
  }

  uninstall(): void {
    const path = join(this.#directory, hostName);
    if (files.existsSync(path)) unbindNamespace(path);
  }

  close(): void {
    this.#pool[Symbol.dispose]();
    this.#maker[Symbol.dispose]();
  }
}
