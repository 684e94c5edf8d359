// One network over two hosts, and whether packets agree.

import { type Attachment, type Network, type NetworkController, topologyText } from "@causeway/libnetwork";
import type { Report } from "../report.ts";
import { until } from "../until.ts";
import { addressesOf } from "../web.ts";
import type { DemoCluster } from "./cluster.ts";
import { ping } from "./ping.ts";

/** Each host has a controller that was told of the etcd: nothing else do they know of each other. */
export async function tellOfTwoHosts(
  [on1, on2]: readonly [NetworkController, NetworkController],
  cluster: DemoCluster,
  report: Report,
): Promise<void> {
  const { step, holds } = report;

  // A network is made on one host, and is there on all.
  const web1 = await step("host1: web: newNetwork, overlay, IPv4 and IPv6", () =>
    on1.newNetwork("overlay", "web", {
      ipam: { config: [{ subnet: "10.7.0.0/24" }, { subnet: "fd00:7::/64" }] },
    }),
  );
  const web2 = await step("host2: web: networkByName, as host1 made it", () => known(on2, "web"));
  const other2 = await step("host2: other: newNetwork, overlay", () =>
    on2.newNetwork("overlay", "other", { ipam: { config: [{ subnet: "10.8.0.0/24" }] } }),
  );

  // Endpoints and sandboxes are their host's. The cluster sees to it that no address is given twice.
  const a = await step("host1: a: attach to web", () => attach(on1, web1, "a"));
  const b = await step("host2: b: attach to web", () => attach(on2, web2, "b"));
  const c = await step("host2: c: attach to other", () => attach(on2, other2, "c"));

  report.heading("What the kernel has now, on each host");
  const [host1, host2] = cluster.hosts;
  const drawn = async (controller: NetworkController, title: string) =>
    topologyText(await controller.topology(), { colour: report.colour, title });
  report.say(await drawn(on1, host1.name));
  const { vxlanId } = await a.endpoint.driverInfo();
  const wire = `VXLAN ${vxlanId} in UDP, port 4789: ${host1.addresses[0]} ◄─► ${host2.addresses[0]}`;
  report.say(`     │\n     │  ${wire}\n     │`);
  report.say(await drawn(on2, host2.name));

  report.heading("What packets say");
  await holds("a knows b by name, and b a", () => namesAgree(a, b));
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const [ipv4 = "", ipv6 = ""] = addressesOf(to.endpoint);
    const [asker, asked] = [from.sandbox.containerId, to.sandbox.containerId];
    await holds(`${asker} pings ${asked}, on the other host`, () => answered(from, ipv4));
    await holds(`${asker} pings ${asked}, by IPv6`, () => answered(from, ipv6));
  }
  const [addressOfA = ""] = addressesOf(a.endpoint);
  const [addressOfB = ""] = addressesOf(b.endpoint);
  await holds("c does not reach a: another network", () => unanswered(c, addressOfA));
  await step("host2: b: leave", () => b.endpoint.leave(b.sandbox));
  await holds("a does not reach b any more", () => unanswered(a, addressOfB));
  await step("host2: b: join, once more", () => b.endpoint.join(b.sandbox));
  await holds("a pings b again", async () => {
    await foundBy(a, b);
    return answered(a, addressOfB);
  });
}

function attach(controller: NetworkController, network: Network, containerId: string): Promise<Attachment> {
  return controller.attach(network, { containerId, endpointName: containerId });
}

/** What another host has made is known when the store has told of it. */
async function known(controller: NetworkController, name: string): Promise<Network> {
  await until(() => controller.networkByName(name) !== undefined);
  const network = controller.networkByName(name);
  if (network === undefined) throw new Error(`network ${name} is not known here`);
  return network;
}

async function namesAgree(...both: readonly [Attachment, Attachment]): Promise<string> {
  const [a, b] = both;
  const told = await Promise.all([foundBy(a, b), foundBy(b, a)]);
  return told.join(", ");
}

/** Asks the resolver in one sandbox for the other. */
async function foundBy({ sandbox }: Attachment, { endpoint }: Attachment): Promise<string> {
  const [expected = ""] = addressesOf(endpoint);
  const ask = async () => {
    const { answers } = await sandbox.resolve(endpoint.name);
    return answers.some(({ value }) => value === expected);
  };
  if (!(await until(ask))) throw new Error(`${endpoint.name} is not found, or is not ${expected}`);
  return `${endpoint.name} is ${expected}`;
}

async function answered({ sandbox }: Attachment, address: string): Promise<string> {
  const { answered: isAnswered, said } = await ping(sandbox, address);
  if (!isAnswered) throw new Error(`${address}: ${said}`);
  return `${address} in ${said}`;
}

async function unanswered({ sandbox }: Attachment, address: string): Promise<string> {
  const { answered: isAnswered, said } = await ping(sandbox, address);
  if (isAnswered) throw new Error(`${address} answers, and should not`);
  return said;
}
