// Containers of a daemon in a process of its own, which can be killed.

import type { TestContext } from "node:test";
import { ContainerScene } from "./containers.ts";
import { TestDaemon } from "./daemon.ts";
import { DaemonProcess } from "./daemon-process.ts";

export type Killable = DaemonProcess & Pick<TestDaemon, "ask">;

/** With a network n1. */
export async function killableScene(t: TestContext): Promise<ContainerScene<Killable>> {
  const scene = await ContainerScene.around(t, async () => {
    const daemon = await DaemonProcess.start(t);
    const ask: TestDaemon["ask"] = (...asked) =>
      TestDaemon.prototype.ask.apply({ socket: daemon.socket }, asked);
    return Object.assign(daemon, { ask });
  });
  await scene.network("n1");
  return scene;
}

export async function killAndStart(
  { daemon }: ContainerScene<Killable>,
  meanwhile = async () => {},
): Promise<void> {
  await daemon.end("SIGKILL");
  await meanwhile();
  await daemon.start();
}
