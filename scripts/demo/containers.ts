// The last chapter: a daemon takes over what the program has made, and starts containers in it, by runc.

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Daemon, defaultConfig } from "@causeway/daemon";
import { pino } from "pino";
import type { DemoHost } from "./host.ts";
import type { Report } from "./report.ts";
import { fetchAll, pages } from "./web.ts";

const causeway = join(import.meta.dirname, "../../packages/cli/bin/causeway");
const needed = { runc: ["/usr/sbin/runc", "/usr/bin/runc"], busybox: ["/bin/busybox", "/usr/bin/busybox"] };

/** Busybox's wget wants the host's shared libraries, to look names up. */
const askForThePage =
  "echo asked; printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 172.30.0.2 80 2>/dev/null | tail -n 1";

/** Nobody may have the controller open meanwhile. Nothing of the chapter is left when it ends. */
export async function tellOfContainers(host: DemoHost, report: Report): Promise<void> {
  const { step, holds } = report;
  const [busybox, runc] = [needed.busybox.find(existsSync), needed.runc.find(existsSync)];
  report.heading("The daemon takes over, and starts containers");
  if (busybox === undefined || runc === undefined) {
    report.say("left out: it takes runc and busybox-static (npm run demo installs them)");
    return;
  }
  const root = join(host.directory, "root");
  const socket = join(host.directory, "causeway.sock");
  makeRoot(root, busybox);
  const config = { ...defaultConfig, controller: host.controllerOptions, socket };
  const daemon = await step("causeway daemon: opens what the program has left", () =>
    Daemon.start(config, pino({ level: "silent" })),
  );
  try {
    await holds("outside reaches web still", () =>
      fetchAll(host.outside, pages(host.addresses, 8080), host.outsideAddresses),
    );
    const fetch = (network: string) =>
      run(socket, ["run", "--rm", "--rootfs", root, "--network", network, "sh", "-c", askForThePage]);
    await holds("causeway run, in network1: reaches web", async () => {
      const said = await fetch("network1");
      if (!/^asked\n[\d.]+$/.test(said)) throw new Error(`no answer: ${said}`);
      return said.replace("asked\n", "seen as ");
    });
    await holds("causeway run, in network2: does not", async () => {
      const said = await fetch("network2");
      if (said !== "asked") throw new Error(`it was answered, or did not ask: ${said}`);
      return "no answer in 1 s";
    });
    report.say(`\n$ causeway network ls\n${await run(socket, ["network", "ls"])}`);
  } finally {
    await daemon.close();
    rmSync(root, { recursive: true });
  }
}

/** A root directory with busybox in it, under the names of what is to run. */
function makeRoot(directory: string, busybox: string): void {
  for (const folder of ["bin", "etc", "proc", "sys", "dev"])
    mkdirSync(join(directory, folder), { recursive: true });
  copyFileSync(busybox, join(directory, "bin/busybox"));
  for (const program of ["sh", "nc", "tail"]) symlinkSync("busybox", join(directory, "bin", program));
}

/** Calls the command line, which says everything else than what was asked for by its standard error. */
async function run(socket: string, words: readonly string[]): Promise<string> {
  const env = { ...process.env, CAUSEWAY_HOST: `unix://${socket}` };
  const called = spawn(causeway, words, { env, stdio: ["ignore", "pipe", "inherit"] });
  return (await text(called.stdout)).trim();
}
