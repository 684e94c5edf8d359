// A process that joins an overlay network on a host of another process's, and is killed at a call of its, or when it says that it is done.

import { NetNamespace, Reaper, Rtnl, setGuard } from "@causeway/kernel";
import type { EndpointSpec } from "../../packages/libnetwork/src/contracts/driver.ts";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { SharedNetwork } from "../support/overlay-cluster.ts";
import {
  addEndpoint,
  type HostPlace,
  openDriver,
  openHostFirewall,
  openNetStack,
} from "../support/overlay-parts.ts";

/** What it is told, as JSON. */
export interface KilledJoin extends HostPlace {
  readonly network: SharedNetwork;
  readonly spec: EndpointSpec;
  readonly sandboxId: string;
  /** The call before which it is killed. */
  readonly number: number;
  readonly peers?: readonly Peer[];
}

const order = JSON.parse(process.argv[2] ?? "") as KilledJoin;
const namespace = NetNamespace.open(order.namespacePath);
const rtnl = new Rtnl(namespace);
const firewall = openHostFirewall(order, namespace);
const tools = { namespace, rtnl, reaper: new Reaper(namespace), firewall };
const driver = openDriver(order, tools);
const netstack = openNetStack(order, tools);
driver.restoreNetwork(order.network.spec, order.network.state);
driver.restored();
driver.settlePeers(order.network.spec.id, order.peers ?? []);
let calls = 0;
setGuard({
  before: () => {
    if (++calls === order.number) process.kill(process.pid, "SIGKILL");
    return undefined;
  },
  after: () => undefined,
});
await addEndpoint({ ...order, driver, netstack }, order.spec, order.sandboxId);
process.send?.("done");
// Until it is killed.
setInterval(() => undefined, 1000);
