// A network driver and an IPAM as somebody else would write them, on the plugin SDK: a network is a bridge in the test's host, an endpoint a veth
// pair. It tells what it was asked, and a test may have it answer otherwise.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { address, link, type NetNamespace, Rtnl } from "@causeway/kernel";
import {
  type CallContext,
  type IpamDriverHandlers,
  type NetworkDriverHandlers,
  type PluginServer,
  servePlugin,
} from "@causeway/plugin-sdk";
import { TestDaemon } from "./daemon.ts";
import { type End, endAll } from "./ends.ts";
import { TestHost, type TestHostOptions } from "./host.ts";

type Handlers = Partial<NetworkDriverHandlers>;

export interface BridgePluginOptions {
  /** Default: `mynet`. */
  readonly name?: string;
  /** What it does otherwise. */
  readonly network?: Handlers;
  readonly ipam?: IpamDriverHandlers;
  /** Name of a method that it does, and then does not answer. */
  readonly holds?: () => string | undefined;
  /** Starts another in the same directory; answers how it is stopped. */
  readonly beside?: (directory: string) => Promise<() => unknown>;
  /** Answers to Join carry the gateway. Default: true. */
  readonly gateway?: boolean;
}

/** What it was asked: the method, and the body. */
export interface Asked {
  readonly method: string;
  readonly request: unknown;
}

/** A directory for sockets of plugins, and the controller's option that has them looked for there and nowhere else. */
function pluginPlace(t: Pick<TestContext, "after">) {
  const directory = mkdtempSync(join(tmpdir(), "causeway-plugins-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return {
    directory,
    plugins: { directories: { sockets: directory, specs: [] }, timeout: 2000, patience: 0 },
  };
}

/** A host with a plugin on it. */
export async function pluginScene(
  t: Pick<TestContext, "after">,
  options: BridgePluginOptions = {},
  hostOptions: TestHostOptions = {},
) {
  const made = await around(t, options, (after, plugins) =>
    TestHost.create(after, { plugins, ...hostOptions }),
  );
  const { host } = made;
  made.plugin.host = host.namespace;
  return { ...made, controller: host.controller };
}

/** A daemon with a plugin on its host. */
export async function pluginDaemon(t: Pick<TestContext, "after">, options: BridgePluginOptions = {}) {
  const made = await around(t, options, (after, plugins) =>
    TestDaemon.start(after, { controller: { plugins } }),
  );
  made.plugin.host = made.host.host.namespace;
  return { ...made, daemon: made.host };
}

/** The plugin is there before the host and until after it, so that the host's end finds nothing of its. */
async function around<T>(
  t: Pick<TestContext, "after">,
  options: BridgePluginOptions,
  start: (after: Pick<TestContext, "after">, plugins: NonNullable<TestHostOptions["plugins"]>) => Promise<T>,
) {
  const ofHost: End[] = [];
  const ofPlugin: End[] = [];
  t.after(() => endAll([...ofHost, ...ofPlugin.toReversed()]));
  const into = (steps: End[]) => ({ after: (step?: unknown) => void steps.push(step as End) });
  const { directory, plugins } = pluginPlace(into(ofPlugin));
  const plugin = await BridgePlugin.start(into(ofPlugin), directory, options);
  const stopBeside = await options.beside?.(directory);
  if (stopBeside !== undefined) ofPlugin.push(stopBeside);
  const host = await start(into(ofHost), plugins);
  return { host, plugin, directory };
}

class BridgePlugin {
  readonly name: string;
  readonly asked: Asked[] = [];
  /** Links that were not on the host any more when their endpoint was deleted. */
  readonly missed: string[] = [];
  /** Called when it has done what it does not answer. */
  onHeld: () => void = () => undefined;
  /** Where it makes its links. */
  host: NetNamespace | undefined;
  readonly #options: BridgePluginOptions;
  readonly #directory: string;
  readonly #gateways = new Map<string, string>();
  #server: PluginServer | undefined;

  private constructor(directory: string, options: BridgePluginOptions) {
    this.name = options.name ?? "mynet";
    this.#directory = directory;
    this.#options = options;
  }

  static async start(t: Pick<TestContext, "after">, directory: string, options: BridgePluginOptions = {}) {
    const plugin = new BridgePlugin(directory, options);
    t.after(() => plugin.stop());
    await plugin.start();
    return plugin;
  }

  async start(): Promise<void> {
    const { ipam } = this.#options;
    this.#server = await servePlugin(
      { name: this.name, network: this.#network(), ...(ipam !== undefined && { ipam: this.#watched(ipam) }) },
      { socket: join(this.#directory, `${this.name}.sock`), grace: 0 },
    );
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Names of what it was asked since the last time, without what changes nothing. */
  calls(): readonly string[] {
    return this.asked
      .splice(0)
      .map(({ method }) => method)
      .filter((method) => method !== "endpointOperInfo" && !method.startsWith("get"));
  }

  #network(): NetworkDriverHandlers {
    const own: NetworkDriverHandlers = {
      createNetwork: ({ NetworkID, IPv4Data, IPv6Data }) => {
        this.#gateways.set(NetworkID, IPv4Data[0]?.Gateway ?? "");
        this.#ask((rtnl) => {
          const name = bridgeName(NetworkID);
          rtnl.execute(link.create({ name, info: { kind: "bridge" } }), link.change({ name }, { up: true }));
          const { index } = rtnl.query(link.get({ name }));
          for (const { Gateway } of [...IPv4Data, ...IPv6Data]) {
            const [text = "", length] = Gateway.split("/");
            if (text !== "")
              rtnl.execute(address.add({ link: index, address: text, prefixLength: Number(length) }));
          }
        });
      },
      deleteNetwork: ({ NetworkID }) => this.#delete(bridgeName(NetworkID)),
      createEndpoint: ({ NetworkID, EndpointID }) => {
        this.#ask((rtnl) => {
          const { index } = rtnl.query(link.get({ name: bridgeName(NetworkID) }));
          const near = `pp${EndpointID.slice(0, 10)}`;
          rtnl.execute(
            link.create({
              name: near,
              master: index,
              info: { kind: "veth", veth: { peer: { name: linkName(EndpointID) } } },
            }),
            link.change({ name: near }, { up: true }),
          );
        });
        return {};
      },
      deleteEndpoint: ({ EndpointID }) => {
        const name = linkName(EndpointID);
        if (this.#ask((rtnl) => rtnl.findLink({ name })) === undefined) this.missed.push(name);
        this.#delete(`pp${EndpointID.slice(0, 10)}`);
      },
      join: ({ NetworkID, EndpointID }) => ({
        InterfaceName: { SrcName: linkName(EndpointID), DstPrefix: "eth" },
        ...(this.#options.gateway !== false && {
          Gateway: this.#gateways.get(NetworkID)?.split("/")[0] ?? "",
        }),
      }),
      leave() {},
      programExternalConnectivity() {},
      revokeExternalConnectivity() {},
    };
    return this.#watched({ ...own, ...this.#options.network });
  }

  /** The handlers, with every call of them noted. */
  #watched<T extends object>(handlers: T): T {
    return Object.fromEntries(
      Object.entries(handlers).map(([method, handler]) => [
        method,
        async (request: unknown, context: CallContext) => {
          this.asked.push({ method, request });
          const answer: unknown = await Reflect.apply(handler, handlers, [request, context]);
          if (this.#options.holds?.() === method) {
            this.onHeld();
            await once(context.signal, "abort");
          }
          return answer;
        },
      ]),
    ) as T;
  }

  #delete(name: string): void {
    this.#ask((rtnl) => rtnl.attempt([link.remove({ name })]));
  }

  #ask<T>(question: (rtnl: Rtnl) => T): T {
    if (this.host === undefined) throw new Error("the plugin has no host");
    using rtnl = new Rtnl(this.host);
    return question(rtnl);
  }
}

export const bridgeName = (networkId: string) => `pb${networkId.slice(0, 10)}`;
export const linkName = (endpointId: string) => `pv${endpointId.slice(0, 10)}`;
