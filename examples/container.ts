// A container of the daemon's: a plain process in a network of its own, asked for over the daemon's socket.
//
//   sudo npx node examples/container.ts

import { request } from "node:http";
import { join } from "node:path";
import { Daemon, defaultConfig } from "@causeway/daemon";
import type { ContainerCreated } from "@causeway/daemon/api";
import { pino } from "pino";
import { throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
const socket = join(host.runDir, "causeway.sock");
await using _daemon = await Daemon.start(
  { ...defaultConfig, controller: host, socket },
  pino({ level: "silent" }),
);

/** What `causeway` itself does for each of its commands. */
async function ask(method: string, path: string, body?: object): Promise<string> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path: `/cnm/v1${path}`, headers }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      resolve(text);
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

await ask("POST", "/networks", { name: "front", ipam: { config: [{ subnet: "10.70.0.0/24" }] } });
const made = await ask("POST", "/containers", {
  name: "web",
  kind: "process",
  command: ["/bin/sh", "-c", "cat /etc/hosts; ip -br -4 addr show eth0"],
  networks: [{ network: "front", ipv4: "10.70.0.7" }],
  hostname: "web",
  detached: true,
});
const { container } = JSON.parse(made) as ContainerCreated;
console.log(
  `${container.name} is in ${container.networks.map(({ network, ipv4 }) => `${network.name} as ${ipv4}`)}`,
);
console.log("it ended:", await ask("GET", "/containers/web/wait"));
console.log(await ask("GET", "/containers/web/logs"));
await ask("DELETE", "/containers/web");
await ask("DELETE", "/networks/front");
