// What happens, as it happens.
//
//   sudo npx node examples/events.ts

import { NetworkController } from "@causeway/libnetwork";
import { throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);

const stop = new AbortController();
const listening = (async () => {
  for await (const { type, name, attributes } of controller.events(stop.signal))
    console.log(type, name, attributes);
})();

const network = await controller.newNetwork("bridge", "network1");
const { sandbox } = await controller.attach(network, { containerId: "container1" });
await sandbox.delete({ endpoints: "delete" });
await network.delete();
stop.abort();
await listening;
