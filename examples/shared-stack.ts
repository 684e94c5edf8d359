// Container mode: a second container lives in the network stack of the first, and outlives it there.
//
//   sudo npx node examples/shared-stack.ts

import { NetworkController } from "@causeway/libnetwork";
import { output, throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);
const network = await controller.newNetwork("bridge", "pod");
const { sandbox: pod } = await controller.attach(network, { containerId: "pod" });
const sidecar = await controller.newSandbox("sidecar", { shareWith: "pod" });

console.log("pod:    ", await output(pod.spawn("ip", ["-brief", "-4", "address", "show", "eth0"])));
console.log("sidecar:", await output(sidecar.spawn("ip", ["-brief", "-4", "address", "show", "eth0"])));

await pod.delete({ endpoints: "delete" });
console.log(
  "without the pod's own container:",
  sidecar.endpoints().map(({ ipv4 }) => ipv4),
);
await sidecar.delete({ endpoints: "delete" });
console.log("sandboxes left:", controller.sandboxes().length, "endpoints left:", network.endpoints().length);
await network.delete();
