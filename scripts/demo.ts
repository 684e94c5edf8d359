// npm run demo: what Causeway is for, on a throw-away host. The story itself is demo/story.ts: read that first;
// `npm run demo -- overlay` tells another one, of two hosts: demo/overlay/story.ts.
//
//   npm run demo -- --help

import { realpathSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CausewayError, NetworkController } from "@causeway/libnetwork";
import { tellOfContainers } from "./demo/containers.ts";
import { DemoHost } from "./demo/host.ts";
import { DemoCluster } from "./demo/overlay/cluster.ts";
import { removeOverlay, showOverlay } from "./demo/overlay/scene.ts";
import { Interrupted, Report } from "./demo/report.ts";
import { tell } from "./demo/story.ts";

const usualDirectories = { bridge: "/run/causeway-demo", overlay: "/run/causeway-demo-overlay" } as const;
const usage = `npm run demo [-- [overlay] [--keep | --remove] [--directory DIR]]

  (nothing)          one host: builds it, shows it, takes it down
  overlay            two hosts, a network over both, and a ping between their sandboxes; takes an etcd (apt-get install etcd-server)
  --keep             leaves it standing, and says how to look around in it
  --remove           takes down what --keep left
  --directory DIR    where its files and namespaces are (${usualDirectories.bridge}, ${usualDirectories.overlay}):
                     with another one, another demo may stand beside it
  --help             this`;
const { scene, keep, remove, directory } = understand(process.argv.slice(2));
const howToRemove = [
  "npm run demo --",
  ...(scene === "overlay" ? ["overlay"] : []),
  "--remove",
  ...(directory === usualDirectories[scene] ? [] : ["--directory", directory]),
].join(" ");
const host = new DemoHost(directory);
const report = new Report();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => report.interrupt());
// Nobody listens any more: `npm run demo | head`.
process.stdout.on("error", () => report.interrupt());

try {
  if (scene === "overlay") await overlay();
  else if (remove) await removeStanding();
  else await run();
} catch (error) {
  if (!(error instanceof Interrupted)) report.fail(error instanceof Error ? error.message : String(error));
}
process.exitCode = report.failures > 0 ? 1 : report.interrupted ? 130 : 0;

async function overlay(): Promise<void> {
  const cluster = new DemoCluster(directory);
  if (remove) await removeOverlay(cluster, report);
  else await showOverlay(cluster, report, { keep, howToRemove });
}

async function run(): Promise<void> {
  if (host.stands) throw new Error(`a demo stands in ${directory} already: remove it by ${howToRemove}`);
  report.heading("A host of its own, two networks, three sandboxes");
  await report.step("two namespaces: a host, and the world outside", () => host.build());
  let controller: NetworkController | undefined;
  let stays = false;
  try {
    controller = await report.step("controller: open", () => NetworkController.open(host.controllerOptions));
    await tell(controller, host, report);
    await controller.close();
    controller = undefined;
    await tellOfContainers(host, report);
    controller = await report.step("controller: open, with what the daemon leaves", () =>
      NetworkController.open(host.controllerOptions),
    );
    stays = keep && report.failures === 0;
  } finally {
    if (stays && controller !== undefined) await leaveStanding(controller);
    else await takeDown(controller);
  }
}

async function removeStanding(): Promise<void> {
  if (!host.stands) {
    report.say(`no demo stands in ${directory}`);
    return;
  }
  let controller: NetworkController | undefined;
  try {
    controller = await report.step("controller: open, with what is stored", () =>
      NetworkController.open(host.controllerOptions),
    );
  } catch (error) {
    // It is being shown at this moment, by another process.
    if (error instanceof CausewayError && error.code === "state_dir_locked") throw error;
    report.fail(`what is stored cannot be used: ${error}`);
  }
  await takeDown(controller);
}

/** Everything goes, whatever happens on the way; then we look whether it has gone. */
async function takeDown(controller: NetworkController | undefined): Promise<void> {
  report.heading("Taken down");
  await report.lastly("web servers: end", () => host.stopServers());
  if (controller !== undefined) {
    await report.lastly("sandboxes: delete, with their endpoints", async () => {
      for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
    });
    await report.lastly("networks: delete", async () => {
      for (const network of controller.networks()) if (!network.predefined) await network.delete();
    });
    await report.lastly("controller: uninstall", () => controller.uninstall());
  }
  await report.lastly("what is left on the host: looked for", async () => {
    for (const remnant of await host.leftovers()) report.fail(`left behind: ${remnant}`);
  });
  await report.lastly("both namespaces: let go", () => host.letGo());
  if (report.failures > 0) return;
  const checked = "no link, nftables table, namespace, mount, file or process";
  report.say(`\nNothing is left: ${checked}. ${(report.elapsed / 1000).toFixed(2)} s in all.`);
}

/** No process of Causeway's is needed for what stands: only the two web servers go on. */
async function leaveStanding(controller: NetworkController): Promise<void> {
  const places = [
    ["host", host.path],
    ["outside", host.outsidePath],
    ...controller.sandboxes().map(({ containerId, netnsPath }) => [containerId, netnsPath] as const),
  ] as const;
  await controller.close();
  report.heading("It stands. Look around by");
  for (const [name, path] of places) report.say(`  ${name.padEnd(9)}nsenter --net=${path} ip -brief address`);
  report.say(`\nOr with any other program in the place of ip; sh for one, to stay inside.`);
  report.say(`Remove it by: ${howToRemove}`);
}

function understand(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        keep: { type: "boolean", default: false },
        remove: { type: "boolean", default: false },
        directory: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [asked, ...more] = positionals;
    const unknown = asked === "overlay" ? more[0] : asked;
    if (unknown !== undefined)
      throw new Error(`there is no demo "${[asked, ...more].join(" ")}"; there is: overlay`);
    if (values.keep && values.remove) throw new Error("--keep and --remove exclude each other");
    const scene = asked === undefined ? "bridge" : "overlay";
    const { dir, base } = parse(resolve(values.directory ?? usualDirectories[scene]));
    // As the kernel will name the mounts in it.
    return { ...values, scene, directory: join(realpathSync(dir), base) } as const;
  } catch (error) {
    console.error(`npm run demo: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}
