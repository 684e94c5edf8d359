// Names in a network: endpoints, aliases and services find each other; records that are added; and why a name is not found.
//
//   sudo npx node examples/names.ts

import { NetworkController } from "@causeway/libnetwork";
import { throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);

// Internal: its sandboxes ask nobody outside.
const front = await controller.newNetwork("bridge", "front", {
  internal: true,
  ipam: { config: [{ subnet: "172.30.0.0/24" }] },
});
const web = await controller.attach(front, {
  containerId: "container1",
  endpointName: "web",
  endpoint: { aliases: ["www", "*.app.local"], namedPorts: [{ name: "http", port: 80 }] },
});
const { sandbox } = await controller.attach(front, {
  containerId: "container2",
  endpointName: "client",
  endpoint: { links: { backend: "web" } },
});
await front.addRecords([
  { name: "db", type: "A", address: "192.0.2.7" },
  { name: "site", type: "CNAME", target: "www" },
]);

const show = async (name: string, type?: string) => {
  const { rcode, answers } = await sandbox.resolve(name, type === undefined ? {} : { type });
  console.log(`${name}:`, rcode, answers);
};
for (const name of ["web", "www", "x.app.local", "web.front", "backend", "db", "site"]) await show(name);
await show("_http._tcp.web", "SRV");
await show("172.30.0.2", "PTR");

await front.removeRecords([{ name: "db" }]);
const trace = await sandbox.trace("db");
console.log("db:", trace.rcode, trace.steps);

await sandbox.delete({ endpoints: "delete" });
await web.sandbox.delete({ endpoints: "delete" });
await front.delete();
