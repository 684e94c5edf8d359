// npm run demo -- overlay: built, told, and taken down again.

import { CausewayError, NetworkController } from "@causeway/libnetwork";
import type { Report } from "../report.ts";
import { until } from "../until.ts";
import type { DemoCluster } from "./cluster.ts";
import { etcdIsInstalled, howToGetEtcd } from "./etcd.ts";
import { tellOfTwoHosts } from "./story.ts";

export interface SceneOptions {
  readonly keep: boolean;
  /** The command by which what stands is taken away. */
  readonly howToRemove: string;
}

export async function showOverlay(
  cluster: DemoCluster,
  report: Report,
  { keep, howToRemove }: SceneOptions,
): Promise<void> {
  if (cluster.stands)
    throw new Error(`a demo stands in ${cluster.directory} already: remove it by ${howToRemove}`);
  if (!etcdIsInstalled()) throw new Error(howToGetEtcd);
  report.heading("Two hosts, and one network over both");
  await report.step("two namespaces: hosts, joined by a wire", () => cluster.build());
  const open: NetworkController[] = [];
  let stays = false;
  try {
    await report.step("etcd: starts", () => cluster.etcd.start());
    const [host1, host2] = cluster.hosts;
    const openAt = (host: typeof host1) =>
      report.step(`${host.name}: controller: open`, async () => {
        const controller = await NetworkController.open(cluster.controllerOptions(host));
        open.push(controller);
        return controller;
      });
    await tellOfTwoHosts([await openAt(host1), await openAt(host2)], cluster, report);
    stays = keep && report.failures === 0 && !report.interrupted;
  } finally {
    if (stays) await leaveStanding(cluster, open, report, howToRemove);
    else await takeDown(cluster, open, report);
  }
}

export async function removeOverlay(cluster: DemoCluster, report: Report): Promise<void> {
  if (!cluster.stands) {
    report.say(`no demo stands in ${cluster.directory}`);
    return;
  }
  const open: NetworkController[] = [];
  for (const host of cluster.hosts) {
    try {
      open.push(
        await report.step(`${host.name}: controller: open, with what is stored`, () =>
          NetworkController.open(cluster.controllerOptions(host)),
        ),
      );
    } catch (error) {
      // It is being shown at this moment, by another process.
      if (error instanceof CausewayError && error.code === "state_dir_locked") {
        for (const controller of open) await controller.close();
        throw error;
      }
      // A run that was killed before this host had all it needs has left nothing on it but the namespace.
      report.say(`  ${host.name} has nothing that can be opened: ${error}`);
    }
  }
  await takeDown(cluster, open, report);
}

/** Everything goes, whatever happens on the way; then we look whether it has gone. */
async function takeDown(
  cluster: DemoCluster,
  controllers: readonly NetworkController[],
  report: Report,
): Promise<void> {
  report.heading("Taken down");
  cluster.remember();
  await report.lastly("sandboxes and endpoints of both hosts: delete", async () => {
    for (const controller of controllers) {
      for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
      for (const network of controller.networks())
        for (const endpoint of network.endpoints()) await endpoint.delete();
    }
  });
  await report.lastly("networks: delete, on either for both", () => deleteNetworks(controllers));
  for (const [at, controller] of controllers.entries())
    await report.lastly(`controller ${at + 1}: uninstall`, () => uninstall(controller));
  await report.lastly("etcd: ends", () => cluster.etcd.stop());
  await report.lastly("what is left on the hosts: looked for", async () => {
    for (const remnant of await cluster.leftovers()) report.fail(`left behind: ${remnant}`);
  });
  await report.lastly("both namespaces: let go", () => cluster.letGo());
  if (report.failures > 0) return;
  const checked = "no link, nftables table, namespace, mount, file or process";
  report.say(`\nNothing is left: ${checked}. ${(report.elapsed / 1000).toFixed(2)} s in all.`);
}

/** What another host has let go of is known when the store has told of it: until then a network has endpoints there. */
async function deleteNetworks(controllers: readonly NetworkController[]): Promise<void> {
  const [first] = controllers;
  const made = () => first?.networks().filter(({ predefined }) => !predefined) ?? [];
  let refusal: unknown;
  const gone = await until(async () => {
    try {
      for (const network of made()) await network.delete();
    } catch (error) {
      refusal = error;
    }
    return made().length === 0;
  });
  if (!gone) throw refusal;
  await until(() => controllers.every((other) => other.networks().every(({ predefined }) => predefined)));
}

async function uninstall(controller: NetworkController): Promise<void> {
  try {
    await controller.uninstall();
  } finally {
    await controller.close();
  }
}

/** No process of Causeway's is needed for what stands: packets flow without. Only etcd goes on, for whoever takes it down. */
async function leaveStanding(
  { hosts }: DemoCluster,
  controllers: readonly NetworkController[],
  report: Report,
  howToRemove: string,
): Promise<void> {
  const places = [
    ...hosts.map(({ name, path }) => [name, path] as const),
    ...controllers.flatMap((controller) =>
      controller.sandboxes().map(({ containerId, netnsPath }) => [containerId, netnsPath] as const),
    ),
  ];
  for (const controller of controllers) await controller.close();
  report.heading("It stands. Look around by");
  for (const [name, path] of places) report.say(`  ${name.padEnd(9)}nsenter --net=${path} ip -brief address`);
  report.say(`\nOr with any other program in the place of ip; sh for one, to stay inside.`);
  report.say(`Remove it by: ${howToRemove}`);
}
