// Many networks with many containers, each with a published port.

import type { NetworkController } from "@causeway/libnetwork";

/** Ports from here on are published: below what the kernel gives to clients. */
const firstPort = 10_000;

export async function populate(
  controller: NetworkController,
  networks: number,
  endpoints: number,
): Promise<void> {
  const each = endpoints / networks;
  for (let n = 0; n < networks; n++) {
    const ipam = { config: [{ subnet: `10.${100 + (n >> 8)}.${n & 255}.0/24` }] };
    const network = await controller.newNetwork("bridge", `network${n}`, { ipam });
    for (let i = 0; i < each; i++) {
      const publish = [{ hostPort: firstPort + n * each + i, containerPort: 80 }];
      await controller.attach(network, { containerId: `c${n}-${i}`, endpoint: { publish } });
    }
  }
}
