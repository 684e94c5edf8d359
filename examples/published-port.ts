// A port of a sandbox, published on the host while it runs, and taken back.
//
//   sudo npx node examples/published-port.ts

import { NetNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { output, throwAwayHost } from "./support/throw-away-host.ts";

using host = throwAwayHost();
await using controller = await NetworkController.open(host);
const network = await controller.newNetwork("bridge", "front");
const { endpoint, sandbox } = await controller.attach(network, { containerId: "web" });

const program = `require("node:http").createServer((_, answer) => answer.end("hello from the sandbox")).listen(80)
  .on("listening", () => console.log("listening"))`;
const server = sandbox.spawn(process.execPath, ["-e", program]);
await new Promise((resolve) => server.stdout?.once("data", resolve));

/** Asks from the host. */
async function ask(url: string): Promise<string> {
  using namespace = NetNamespace.open(host.hostNamespace);
  const client = `fetch("${url}", { signal: AbortSignal.timeout(500) }).then((answer) => answer.text())
    .then(console.log, () => console.log("no answer"))`;
  return output(namespace.spawn(process.execPath, ["-e", client]));
}

const bindings = await endpoint.publish([{ hostPort: 8080, containerPort: 80 }]);
for (const { protocol, hostAddress, hostPort, containerPort } of bindings) {
  const host = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
  console.log(`${host}:${hostPort} -> ${containerPort}/${protocol}`);
}
console.log("published:  ", await ask("http://127.0.0.1:8080/"));
await endpoint.unpublish([{ hostPort: 8080 }]);
console.log("unpublished:", await ask("http://127.0.0.1:8080/"));

server.kill();
await sandbox.delete({ endpoints: "delete" });
await network.delete();
