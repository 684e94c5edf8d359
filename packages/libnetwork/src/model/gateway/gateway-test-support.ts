/**
 * For tests: a controller on fakes with networks of bridges and of plugins.
 */
import type { EndpointOptions } from "../endpoint-options.ts";
import { FakeController } from "../test-support.ts";

export async function scene(options: Parameters<typeof FakeController.open>[0] = {}) {
  const controller = await FakeController.open(options);
  let number = 0;
  const network = (
    type: string,
    name: string,
    driverOptions: Record<string, unknown> = {},
    internal = false,
  ) => {
    const config = [{ subnet: `172.30.${++number}.0/24` }];
    return controller.newNetwork(type, name, { driverOptions, internal, ipam: { config } });
  };
  const attach = async (
    to: Awaited<ReturnType<typeof network>>,
    containerId: string,
    endpoint: EndpointOptions = {},
  ) => (await controller.attach(to, { containerId, endpoint })).sandbox;
  /** Calls since the last look. */
  const calls = () => {
    const log = [...controller.faults.log];
    controller.faults.arm(0);
    return log;
  };
  const bridge = () => controller.networkByName("causeway_gwbridge");
  return { controller, network, attach, calls, bridge };
}

export const web = { publish: [{ hostPort: 8080, containerPort: 80 }] };

/** Endpoints that are told to be ways out, with what they were told. */
export function programmed(controller: FakeController): readonly [string, unknown][] {
  return (controller.world() as { programmed: [string, unknown][] }).programmed;
}
