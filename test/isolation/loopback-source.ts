// Datagrams that say they come from 127.0.0.1, sent from everywhere but there: services trust that address.

import { eventually } from "../support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../support/frames.ts";
import { addressOf, hostServices, sandboxes, wires } from "./plan.ts";
import type { Scene } from "./scene.ts";

/** Senders: on two wires, and in networks with and without anti-spoofing. */
const senders = ["outside", "friend", "sibling", "loose2"] as const;
/** A service of the host, and a port that leads on to `web`. */
const ports = [hostServices.every, 8080];

/** Sends everything, each beside the same from the sender's own address; answers, one line each, what did not go as it must. */
export async function runLoopbackClaims(scene: Scene): Promise<readonly string[]> {
  const honest: string[] = [];
  const forged: string[] = [];
  for (const sender of senders) {
    using socket = new FrameSocket(scene.namespaceOf(sender), "eth0");
    const own = scene.macOf(sender);
    const router = scene.macOf("host", hostInterface(scene, sender));
    for (const port of ports) {
      for (const [source, texts] of [
        ["127.0.0.1", forged],
        [addressOf(sender, 4), honest],
      ] as const) {
        const text = `${sender} as ${source} to port ${port}`;
        const payload = udp(5000, port, Buffer.from(text));
        const packet = ipPacket({ source, destination: addressOf("host1", 4), protocol: 17, payload });
        socket.send(frame(router, own, ETHERTYPE.ipv4, packet));
        texts.push(text);
      }
    }
  }
  const missing = () => honest.filter((text) => !scene.heard(text));
  // What was sent before has arrived when what was sent after it has.
  await eventually(() => {
    if (missing().length > 0) throw new Error("datagrams are missing");
  }).catch(() => undefined);
  return [
    ...missing().map((text) => `not heard: ${text}`),
    ...forged.filter((text) => scene.heard(text)).map((text) => `heard: ${text}`),
  ];
}

/** The host's interface by which somebody's packets come in. */
function hostInterface(scene: Scene, sender: (typeof senders)[number]): string {
  if (sender === "outside" || sender === "friend") return wires[sender].uplink;
  return scene.bridgeOf(sandboxes[sender]?.network ?? "");
}
