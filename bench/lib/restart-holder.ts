// A process of its own for restart.bench.ts: makes a state and waits to be killed, so that what opens next takes over from the dead.
//
// `node restart-holder.ts OPTIONS NETWORKS ENDPOINTS` prints `ready` when all stand.

import { NftContext } from "@causeway/kernel";
import { type ControllerOptions, NetworkController } from "@causeway/libnetwork";
import { populate } from "./population.ts";

new NftContext()[Symbol.dispose]();
const [options = "{}", networks, endpoints] = process.argv.slice(2);
const controller = await NetworkController.open(JSON.parse(options) as ControllerOptions);
await populate(controller, Number(networks), Number(endpoints));
process.stdout.write("ready");
setInterval(() => undefined, 1000);
