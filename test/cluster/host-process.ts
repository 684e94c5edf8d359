// A host of the cluster: started in its namespace, with a controller that it opens at once. `node host-process.ts SETTINGS`, JSON.

import { once } from "node:events";
import { join } from "node:path";
import { CausewayError, type Network, NetworkController } from "@causeway/libnetwork";
import type { Answer, Attaching, HostOrder, HostSettings, SeenEndpoint, Sight } from "./orders.ts";

const settings = JSON.parse(process.argv[2] ?? "") as HostSettings;
const timeOfDay = Date.now;
const controller = await open(settings);
process.on("message", (message) => {
  const { order, what } = message as { readonly order: number; readonly what: HostOrder };
  void answer(order, what);
});
process.send?.({ order: 0 } satisfies Answer);
await once(process, "disconnect");
process.exit();

function open({ number, directory, etcd, life, retention }: HostSettings): Promise<NetworkController> {
  return NetworkController.open({
    stateDir: join(directory, "state"),
    runDir: join(directory, "run"),
    defaultNetwork: false,
    gatewayNetwork: false,
    warmNamespaces: 0,
    plugins: false,
    cluster: { etcd, name: `host${number}`, advertise: "eth0", life, retention },
  });
}

async function answer(order: number, what: HostOrder): Promise<void> {
  let told: Answer;
  try {
    told = { order, value: await carryOut(what) };
  } catch (error) {
    const code = error instanceof CausewayError ? error.code : "none";
    told = { order, failure: { code, message: String(error) } };
  }
  if (process.connected) process.send?.(told);
}

async function carryOut(what: HostOrder): Promise<unknown> {
  switch (what.do) {
    case "make network": {
      const ipam = what.subnet === undefined ? {} : { ipam: { config: [{ subnet: what.subnet }] } };
      return (await controller.newNetwork("overlay", what.name, ipam)).id;
    }
    case "delete network":
      return networkOf(what.name).delete();
    case "attach":
      return attach(what);
    case "detach":
      return controller.sandboxByContainerId(what.container)?.delete({ endpoints: "delete" });
    case "work alone":
      return workAlone();
    case "look":
      return look();
    case "set clock":
      Date.now = () => timeOfDay() + what.by;
      return undefined;
    case "resolve": {
      const sandbox = controller.sandboxByContainerId(what.container);
      return (await sandbox?.resolve(what.name))?.answers.map(({ value }) => value);
    }
    case "close":
      return controller.close();
  }
}

function networkOf(name: string): Network {
  const network = controller.networkByName(name);
  if (network === undefined)
    throw new CausewayError("not_found", "network_not_found", `this host does not know network ${name} yet`);
  return network;
}

async function attach({ network, container, ipv4, mac, key }: Attaching): Promise<SeenEndpoint> {
  const { endpoint } = await controller.attach(networkOf(network), {
    containerId: container,
    endpoint: { ...(ipv4 !== undefined && { ipv4 }), ...(mac !== undefined && { mac }) },
    sandbox: { ...(key !== undefined && { key }) },
  });
  return seen(endpoint);
}

async function workAlone(): Promise<void> {
  const network = await controller.newNetwork("bridge", "alone");
  const { sandbox } = await controller.attach(network, { containerId: "alone" });
  await sandbox.delete({ endpoints: "delete" });
  await network.delete();
}

async function look(): Promise<Sight> {
  const shared = controller.networks().filter(({ type }) => type === "overlay");
  const { items } = await controller.inspectHealth();
  const { user, system } = process.cpuUsage();
  return {
    networks: shared.map((network) => ({
      id: network.id,
      name: network.name,
      endpoints: network.endpoints().map(seen),
    })),
    findings: items.map(({ code, message }) => ({ code, message })),
    busy: (user + system) / 1000,
  };
}

function seen(endpoint: ReturnType<Network["endpoints"]>[number]): SeenEndpoint {
  const { id, name, sandbox } = endpoint;
  const ipv4 = endpoint.info().ipv4?.split("/")[0] ?? "";
  return { id, name, ipv4, isJoined: sandbox !== undefined, netnsPath: sandbox?.key };
}
