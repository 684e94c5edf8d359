// Many ports of one endpoint are published and taken back while it runs.

import type { PublishOptions } from "@causeway/libnetwork";
import type { Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";

export const description =
  "500 ports of one endpoint, both families: publish, unpublish (dockerd: 10,400 and 29,000 ms)";

const ROUNDS = 11;
const PORTS = 500;
const FIRST_HOST_PORT = 20_000;

export async function run(): Promise<Figure[]> {
  await using host = await BenchHost.open();
  const { controller } = host;
  const config = [{ subnet: "10.44.0.0/16" }, { subnet: "fd44::/64" }];
  const network = await controller.newNetwork("bridge", "bench", { ipam: { config } });
  const { endpoint } = await controller.attach(network, { containerId: "container" });
  const ports = Array.from(
    { length: PORTS },
    (_, i): PublishOptions => ({ containerPort: 1 + i, hostPort: FIRST_HOST_PORT + i }),
  );
  const published: number[] = [];
  const unpublished: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const bindings = await endpoint.publish(ports);
    const between = performance.now();
    if (bindings.length !== 2 * PORTS)
      throw new Error(`${bindings.length} bindings, not ${PORTS} in each family`);
    const left = await endpoint.unpublish(ports.map(({ hostPort = 0 }) => ({ hostPort })));
    unpublished.push(performance.now() - between);
    published.push(between - start);
    if (left.length > 0) throw new Error(`${left.length} bindings are left`);
  }
  return [
    { name: "publish 500 ports", value: median(published), unit: "ms", bar: { atMost: 30 } },
    { name: "unpublish 500 ports", value: median(unpublished), unit: "ms", bar: { atMost: 30 } },
  ];
}
