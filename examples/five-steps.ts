// The workflow of the Container Network Model: controller, network, endpoint, sandbox, join.
//
//   sudo npx node examples/five-steps.ts

import { NetworkController } from "@causeway/libnetwork";
import { output, throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);

const network = await controller.newNetwork("bridge", "network1", {
  ipam: { config: [{ subnet: "172.30.0.0/24" }, { subnet: "fd00:30::/64" }] },
});
const endpoint = await network.createEndpoint("endpoint1");
const sandbox = await controller.newSandbox("container1", { hostname: "web" });
await endpoint.join(sandbox);

console.log(
  `${sandbox.containerId} has ${endpoint.ipv4} and ${endpoint.ipv6}; its namespace is ${sandbox.netnsPath}`,
);
console.log(await output(sandbox.spawn("ip", ["-brief", "address"])));
console.log(await output(sandbox.spawn("ping", ["-c", "1", "172.30.0.1"])));

await sandbox.delete({ endpoints: "delete" });
await network.delete();
