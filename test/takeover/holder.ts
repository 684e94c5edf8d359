// A process that holds a controller, to be killed: `node holder.ts OPTIONS` says `opening`, and `open` when it has opened. SIGTERM
// makes it close and end.

import { once } from "node:events";
import { type ControllerOptions, NetworkController } from "@causeway/libnetwork";

process.stdout.write("opening\n");
const controller = await NetworkController.open(JSON.parse(process.argv[2] ?? "{}") as ControllerOptions);
process.stdout.write("open\n");
const alive = setInterval(() => undefined, 1000);
await once(process, "SIGTERM");
clearInterval(alive);
await controller.close();
