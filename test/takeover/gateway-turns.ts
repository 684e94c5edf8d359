// A process to be killed: `node gateway-turns.ts OPTIONS` has a sandbox get on the gateway bridge and off it, and says before each step which
// it is: `attach`, `connect` ...

import { type ControllerOptions, NetworkController } from "@causeway/libnetwork";

const controller = await NetworkController.open(JSON.parse(process.argv[2] ?? "{}") as ControllerOptions);
const network = controller.networkByName("n");
const bridge = controller.networkByName("bridge");
if (network === undefined || bridge === undefined) throw new Error("the networks are not there");
for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
for (const one of [network, bridge])
  for (const endpoint of one.endpoints()) await endpoint.delete({ force: true });

function step<T>(name: string, action: () => Promise<T>): Promise<T> {
  process.stdout.write(`${name}\n`);
  return action();
}

const publish = [{ hostPort: 8080, containerPort: 80 }];
const { sandbox, endpoint } = await step("attach", () =>
  controller.attach(network, { containerId: "web", endpoint: { publish } }),
);
const own = await step("connect", () => bridge.connect(sandbox, "own"));
await step("unpublish", () => endpoint.unpublish([{ containerPort: 80 }]));
await step("delete", () => own.delete({ force: true }));
await step("leave", () => endpoint.leave(sandbox));
await step("join", () => endpoint.join(sandbox));
await step("end", () => sandbox.delete({ endpoints: "delete" }));
process.stdout.write("done\n");
setInterval(() => undefined, 1000);
