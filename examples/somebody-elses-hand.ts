// What somebody else deletes is put back, and the doctor says whether all is well.
//
//   sudo npx node examples/somebody-elses-hand.ts

import { NetNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);
const network = await controller.newNetwork("bridge", "network1");
const { sandbox } = await controller.attach(network, { containerId: "container1" });

const mended = (async () => {
  for await (const { type, attributes } of controller.events()) {
    if (type.startsWith("health:")) console.log(type, attributes.codes);
    if (type === "health:mended") return;
  }
})();

// Somebody else's hand: nft delete table inet causeway.
{
  using namespace = NetNamespace.open(host.hostNamespace);
  namespace.spawn("nft", ["delete", "table", "inet", "causeway"], { stdio: "inherit" });
}
// The controller listens, and keeps no process alive for that: a program with nothing else to do says how long it waits.
const patience = setTimeout(() => console.error("nothing was mended"), 5000);
await mended;
clearTimeout(patience);

const { ok, items } = await controller.inspectHealth();
console.log(ok ? "all is well" : items);

await sandbox.delete({ endpoints: "delete" });
await network.delete();
