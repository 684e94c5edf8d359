// One network over two hosts: what they agree on is in an etcd; sandboxes find each other by name, wherever they run.
//
//   sudo npx node examples/overlay.ts

import { NetworkController } from "@causeway/libnetwork";
import { startedEtcd } from "./support/etcd.ts";
import { joinByWire, output, throwAwayHost } from "./support/throw-away-host.ts";

await using etcd = await startedEtcd();
using host1 = throwAwayHost();
using host2 = throwAwayHost();
joinByWire([host1, "192.0.2.1/24"], [host2, "192.0.2.2/24"]);

// On your own machines: `cluster` alone, or the daemon's settings of the same names.
const openAt = (host: typeof host1, name: string) =>
  NetworkController.open({ ...host, cluster: { etcd: [etcd.url], name, advertise: "eth0" } });
await using on1 = await openAt(host1, "host1");
await using on2 = await openAt(host2, "host2");

/** What one host has made the other knows a moment later. */
async function soon<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

await on1.newNetwork("overlay", "web", { ipam: { config: [{ subnet: "10.7.0.0/24" }] } });
const attach = async (controller: NetworkController, name: string) => {
  const network = await soon(() => controller.networkByName("web"));
  return controller.attach(network, { containerId: name, endpointName: name });
};
const a = await attach(on1, "a");
const b = await attach(on2, "b");

const found = await soon(async () => (await a.sandbox.resolve("b")).answers[0]?.value);
console.log(`b is ${found}, as its host says: ${b.endpoint.ipv4}`);
console.log(await output(a.sandbox.spawn("ping", ["-n", "-c1", "-W2", found])));

for (const { sandbox } of [a, b]) await sandbox.delete({ endpoints: "delete" });
// Deleted where no host has endpoints in it any more: the other one's going has to be heard of.
await soon(async () => {
  await on1
    .networkByName("web")
    ?.delete()
    .catch(() => undefined);
  return on1.networkByName("web") === undefined ? true : undefined;
});
