// Opens a controller and attaches a container to network n, until it is killed: for killed-runs.test.ts.

import { type ControllerOptions, NetworkController } from "@causeway/libnetwork";

const options: ControllerOptions = JSON.parse(process.argv[2] ?? "");
const controller = await NetworkController.open(options);
const what = process.argv[3];
const network = controller.networkByName("n");
if (what === "newNetwork")
  await controller.newNetwork("mynet", "m", {
    ipam: { driver: "mynet", config: [{ subnet: "10.60.0.0/24" }] },
  });
else if (network === undefined) throw new Error("there is no network n");
else if (what === "attach") await controller.attach(network, { containerId: "c" });
else if (what === "leave") await controller.sandboxByContainerId("a")?.delete({ endpoints: "delete" });
process.stdout.write("done\n");
