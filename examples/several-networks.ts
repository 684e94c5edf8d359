// A sandbox on three networks: its interfaces, its way out, and what happens when it leaves that network.
//
//   sudo npx node examples/several-networks.ts

import { NetworkController } from "@causeway/libnetwork";
import { output, throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);

const front = await controller.newNetwork("bridge", "front");
const back = await controller.newNetwork("bridge", "back", { internal: true });
const spare = await controller.newNetwork("bridge", "spare");

const { sandbox } = await controller.attach(back, { containerId: "app" });
const main = await front.createEndpoint("app", { gatewayPriority: 10 });
const second = await spare.createEndpoint("app");
await main.join(sandbox);
await second.join(sandbox);

const show = async (when: string) => {
  console.log(`${when}: the way out is ${sandbox.gateway(4)?.network.name}`);
  console.log(await output(sandbox.spawn("ip", ["-brief", "address"])));
  console.log(await output(sandbox.spawn("ip", ["route"])));
};
await show("on three networks");
await main.leave(sandbox);
// Cut off at once; the interface may still be listed, down: the reaper takes it soon after.
await show("without the first");

await main.delete();
await sandbox.delete({ endpoints: "delete" });
for (const network of [front, back, spare]) await network.delete();
