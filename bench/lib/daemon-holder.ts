// A process of its own for docker-api.bench.ts: a daemon with one container in the default network, until it is told to end.
//
// `node daemon-holder.ts CONFIG` prints `ready` when its socket can be asked.

import { Daemon, type DaemonConfig } from "@causeway/daemon";

const [config = "{}"] = process.argv.slice(2);
const daemon = await Daemon.start(JSON.parse(config) as DaemonConfig);
const { controller } = daemon;
const bridge = controller.networkByName("bridge");
if (bridge === undefined) throw new Error("there is no default network");
await controller.attach(bridge, { containerId: "c1" });
process.stdout.write("ready");
process.once("SIGTERM", async () => {
  await controller.sandboxDestroy("c1");
  await daemon.close();
  process.exit(0);
});
