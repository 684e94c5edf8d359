// npm run demo: what Causeway is for, on a throw-away host. The story itself is demo/story.ts: read that first.
//
//   npm run demo -- --help

import { realpathSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CausewayError, NetworkController } from "@causeway/libnetwork";
import { tellOfContainers } from "./demo/containers.ts";
import { DemoHost } from "./demo/host.ts";
import { Interrupted, Report } from "./demo/report.ts";
import { tell } from "./demo/story.ts";

const usualDirectory = "/run/causeway-demo";
const usage = `npm run demo [-- [--keep | --remove] [--directory DIR]]

  (nothing)          builds it, shows it, takes it down
  --keep             leaves it standing, and says how to look around in it
  --remove           takes down what --keep left
  --directory DIR    where its files and namespaces are (${usualDirectory}): with another one, another demo may stand beside it
  --help             this`;
const { keep, remove, directory } = understand(process.argv.slice(2));
const howToRemove = `npm run demo -- --remove${directory === usualDirectory ? "" : ` --directory ${directory}`}`;
const host = new DemoHost(directory);
const report = new Report();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => report.interrupt());
// Nobody listens any more: `npm run demo | head`.
process.stdout.on("error", () => report.interrupt());

try {
  if (remove) await removeStanding();
  else await run();
} catch (error) {
  if (!(error instanceof Interrupted)) report.fail(error instanceof Error ? error.message : String(error));
}
process.exitCode = report.failures > 0 ? 1 : report.interrupted ? 130 : 0;

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
    const { values } = parseArgs({
      args,
      options: {
        keep: { type: "boolean", default: false },
        remove: { type: "boolean", default: false },
        directory: { type: "string", default: usualDirectory },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    if (values.keep && values.remove) throw new Error("--keep and --remove exclude each other");
    const { dir, base } = parse(resolve(values.directory));
    // As the kernel will name the mounts in it.
    return { ...values, directory: join(realpathSync(dir), base) };
  } catch (error) {
    console.error(`npm run demo: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}
