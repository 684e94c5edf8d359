// A host to try things on: a namespace and two directories, gone when the example ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { address, link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";

/** What `NetworkController.open` is told; on your own machine: directories of your choice, and no `hostNamespace`. */
export interface ThrowAwayHost extends Disposable {
  readonly stateDir: string;
  readonly runDir: string;
  readonly hostNamespace: string;
}

export function throwAwayHost(): ThrowAwayHost {
  const directory = mkdtempSync(join(tmpdir(), "causeway-example-"));
  const hostNamespace = join(directory, "host");
  using namespace = NetNamespace.create();
  namespace.bindAt(hostNamespace);
  using rtnl = new Rtnl(namespace);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  return {
    stateDir: join(directory, "state"),
    runDir: join(directory, "run"),
    hostNamespace,
    [Symbol.dispose]() {
      unbindNamespace(hostNamespace);
      rmSync(directory, { recursive: true });
    },
  };
}

/** A host, and the address of its end of a wire: with prefix length. */
type WireEnd = readonly [host: ThrowAwayHost, cidr: string];

/** A wire between two hosts, on each of which it is eth0. */
export function joinByWire(one: WireEnd, other: WireEnd): void {
  using first = NetNamespace.open(one[0].hostNamespace);
  using second = NetNamespace.open(other[0].hostNamespace);
  using rtnl = new Rtnl(first);
  const peer = { name: "eth0", namespaceFd: second.fd };
  rtnl.execute(link.create({ name: "eth0", info: { kind: "veth", veth: { peer } } }));
  for (const [namespace, cidr] of [
    [first, one[1]],
    [second, other[1]],
  ] as const) {
    using own = new Rtnl(namespace);
    const { index } = own.query(link.get({ name: "eth0" }));
    const [ip = "", prefixLength] = cidr.split("/");
    own.execute(
      address.add({ link: index, address: ip, prefixLength: Number(prefixLength) }),
      link.change({ index }, { up: true }),
    );
  }
}

/** Runs a command in a sandbox and answers what it printed. */
export async function output(child: import("node:child_process").ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += String(chunk);
  });
  await new Promise((resolve) => child.once("close", resolve));
  return text.trim();
}
