// Several sandboxes behind one name and address: who gets new connections, and who does not while it is unhealthy.
//
//   sudo npx node examples/service.ts

import { NetworkController } from "@causeway/libnetwork";
import { output, throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);
const network = await controller.newNetwork("bridge", "shop");

const service = await network.createService("web", { ports: [{ port: 80, targetPort: 8080 }] });
const members = await Promise.all(
  ["web-1", "web-2", "web-3"].map((name) =>
    controller.attach(network, {
      containerId: name,
      endpointName: name,
      endpoint: { service: { name: "web" } },
    }),
  ),
);
const servers = await Promise.all(
  members.map(async ({ sandbox, endpoint }) => {
    const program = `require("node:http").createServer((_, answer) => answer.end("${endpoint.name}")).listen(8080)
      .on("listening", () => console.log("listening"))`;
    const server = sandbox.spawn(process.execPath, ["-e", program]);
    await new Promise((resolve) => server.stdout?.once("data", resolve));
    return server;
  }),
);

const client = await controller.attach(network, { containerId: "client" });
const { answers } = await client.sandbox.resolve("web");
console.log(`web is ${answers[0]?.value}, led to ${service.members().length} members`);

/** Asks the service's address a hundred times, with a connection each, and says who answered. */
async function ask(): Promise<string> {
  const program = `(async () => {
    const told = {};
    for (let at = 0; at < 100; at++) {
      const text = await (await fetch("http://${answers[0]?.value}/", { headers: { connection: "close" } })).text();
      told[text] = (told[text] ?? 0) + 1;
    }
    console.log(Object.keys(told).sort().map((name) => name + " " + told[name]).join(", "));
  })()`;
  return output(client.sandbox.spawn(process.execPath, ["-e", program]));
}

console.log("of 100 connections:      ", await ask());
const [first, , third] = members;
await first?.endpoint.setHealthy(false);
console.log("while web-1 is unhealthy:", await ask());
await first?.endpoint.setHealthy(true);
await third?.endpoint.leave(third.sandbox);
console.log("after web-3 has left:    ", await ask());

for (const server of servers) server.kill();
await third?.endpoint.delete();
for (const { sandbox } of [client, ...members]) await sandbox.delete({ endpoints: "delete" });
await service.delete();
await network.delete();
