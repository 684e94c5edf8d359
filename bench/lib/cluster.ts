// Hosts that share networks: each a namespace on one underlay with a controller, over an etcd of this machine.

import { NetNamespace } from "@causeway/kernel";
import type { Network } from "@causeway/libnetwork";
import { startEtcd } from "../../test/support/etcd.ts";
import { eventually } from "../../test/support/eventually.ts";
import { Underlay } from "../../test/support/underlay.ts";
import { BenchHost } from "./host.ts";

export class BenchCluster implements AsyncDisposable {
  readonly hosts: readonly BenchHost[];
  readonly #opened: AsyncDisposableStack;

  private constructor(hosts: readonly BenchHost[], opened: AsyncDisposableStack) {
    this.hosts = hosts;
    this.#opened = opened;
  }

  /** @param count of hosts */
  static async open(count: number): Promise<BenchCluster> {
    await using opened = new AsyncDisposableStack();
    const etcd = await startEtcd({ after: (clean) => opened.defer(async () => void (await clean())) });
    const underlay = opened.use(new Underlay());
    const hosts: BenchHost[] = [];
    for (let number = 1; number <= count; number++) {
      const cluster = { etcd: etcd.urls, name: `host${number}`, advertise: "eth0" };
      const connect = (namespace: NetNamespace) => underlay.connect(namespace, number);
      hosts.push(opened.use(await BenchHost.open({ cluster, defaultNetwork: false }, connect)));
    }
    return new BenchCluster(hosts, opened.move());
  }

  /** A network that all hosts know: each with its own handle of it. */
  async newNetwork(name: string, subnet: string): Promise<readonly Network[]> {
    const [first] = this.hosts;
    const options = { ipam: { config: [{ subnet }] } };
    await eventually(() => first?.controller.newNetwork("overlay", name, options));
    return Promise.all(
      this.hosts.map(({ controller }) =>
        eventually(() => {
          const network = controller.networkByName(name);
          if (network === undefined) throw new Error(`a host does not know network ${name}`);
          return network;
        }),
      ),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** The namespace of a sandbox. */
export function openNamespace(sandbox: { readonly netnsPath: string }): NetNamespace {
  return NetNamespace.open(sandbox.netnsPath);
}
