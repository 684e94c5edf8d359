// The main job of Causeway, in the five steps of the article, and whether packets agree.

import { type NetworkController, type NetworkOptions, topologyText } from "@causeway/libnetwork";
import type { DemoHost } from "./host.ts";
import type { Report } from "./report.ts";
import { addressesOf, failToFetch, fetchAll, pages } from "./web.ts";

const subnets = (ipv4: string, ipv6: string): NetworkOptions => ({
  ipam: { config: [{ subnet: ipv4 }, { subnet: ipv6 }] },
});

/** Step 1 has been done: there is a controller, which holds the drivers that make networks real. */
export async function tell(controller: NetworkController, host: DemoHost, report: Report): Promise<void> {
  const { step, holds } = report;

  // 2. A network is a set of endpoints that reach each other, and nobody else: here a bridge of the host.
  const network1 = await step("network1: newNetwork, IPv4 and IPv6", () =>
    controller.newNetwork("bridge", "network1", subnets("172.30.0.0/24", "fd00:30::/64")),
  );
  const network2 = await step("network2: newNetwork, IPv4 and IPv6", () =>
    controller.newNetwork("bridge", "network2", subnets("172.31.0.0/24", "fd00:31::/64")),
  );

  // 3. An endpoint is a service's place in a network: its addresses, and host ports that lead to them.
  const webEndpoint = await step("web: createEndpoint, port 80 published as 8080", () =>
    network1.createEndpoint("web", { publish: [{ hostPort: 8080, containerPort: 80 }] }),
  );
  // 4. A sandbox is a container's network stack: a namespace, whose path a container runtime would be given.
  const web = await step("web: newSandbox", () => controller.newSandbox("web"));

  // 5. The endpoint joins the sandbox: a pair of links, addresses, routes. From here on it carries packets.
  await step("web: join", () => webEndpoint.join(web));

  // Steps 3 to 5 in one call. One sandbox joins the other network too.
  const { sandbox: app, endpoint: appEndpoint } = await step("app: attach to network1", () =>
    controller.attach(network1, { containerId: "app" }),
  );
  await step("app: createEndpoint and join, in network2", async () =>
    (await network2.createEndpoint("app")).join(app),
  );
  const { sandbox: db } = await step("db: attach to network2", () =>
    controller.attach(network2, { containerId: "db" }),
  );

  report.heading("What the kernel has now");
  report.say(topologyText(await controller.topology(), { colour: report.colour }));

  report.heading("What packets say, IPv4 and IPv6");
  await step("a web server starts in web, and one outside", async () => {
    await Promise.all([host.serve(web), host.serve(host.outside)]);
  });
  const webPages = pages(addressesOf(webEndpoint));
  await holds("app reaches web: the same network", () => fetchAll(app, webPages, addressesOf(appEndpoint)));
  await holds("outside reaches web: the published port", () =>
    fetchAll(host.outside, pages(host.addresses, 8080), host.outsideAddresses),
  );
  await holds("db does not reach web: another network", () => failToFetch(db, webPages));
  await holds("db reaches outside: seen as the host", () =>
    fetchAll(db, pages(host.outsideAddresses), host.addresses),
  );
}
