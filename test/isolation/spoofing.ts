// Sends honest and spoofed frames in networks with and without anti-spoofing, each once to a neighbour and once to the bridge:
// whatever is dropped is shown to pass where nobody looks at it.

import { setTimeout as sleep } from "node:timers/promises";
import { linkLocalAddress } from "../../packages/libnetwork/src/address/link-local.ts";
import { eventually } from "../support/eventually.ts";
import { FrameSocket } from "../support/frames.ts";
import { aligned } from "./matrix.ts";
import { addressOf } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { type Cast, type FrameRow, frameRows, type Station } from "./spoofed-frames.ts";

/** How long after the last frame that has to come by another one may still come: milliseconds. */
const silence = 100;

/** Where frames of a network get to: `everybody` on it, `host` only, or `nobody`. */
type Reach = "everybody" | "host" | "neighbour" | "nobody";

interface Theatre {
  readonly network: string;
  readonly own: string;
  readonly victim: string;
  readonly third: string;
  expected(row: FrameRow): Reach;
}

/** Networks as columns. */
const theatres: readonly Theatre[] = [
  {
    network: "front",
    own: "sibling",
    victim: "web",
    third: "third",
    expected: ({ honest }) => (honest ? "everybody" : "nobody"),
  },
  {
    network: "quiet",
    own: "neighbour",
    victim: "shy",
    third: "timid",
    expected: ({ honest }) => (honest ? "host" : "nobody"),
  },
  { network: "loose", own: "loose2", victim: "loose1", third: "loose3", expected: () => "everybody" },
];

export interface SpoofingReport {
  readonly text: string;
  /** What was found and not expected, one line each. */
  readonly deviations: readonly string[];
}

/** Sends everything in every network. */
export async function runSpoofing(scene: Scene): Promise<SpoofingReport> {
  const columns = await Promise.all(theatres.map((theatre) => play(scene, theatre)));
  const lines = frameRows.map((row, at) => [
    row.what,
    ...columns.map((column, of) => {
      const found = column[at] ?? "nobody";
      const expected = theatres[of]?.expected(row);
      return found === expected ? found : `!${found}`;
    }),
  ]);
  const deviations = frameRows.flatMap((row, at) =>
    theatres.flatMap((theatre, of) => {
      const found = columns[of]?.[at];
      const expected = theatre.expected(row);
      return found === expected ? [] : [`${row.what}, in ${theatre.network}: to ${found}, not ${expected}`];
    }),
  );
  return {
    text: aligned([["sent by an endpoint of", ...theatres.map(({ network }) => network)], ...lines]),
    deviations,
  };
}

async function play(scene: Scene, theatre: Theatre): Promise<readonly Reach[]> {
  const { network, own, victim, third } = theatre;
  const bridge = scene.bridgeOf(network);
  const cast: Cast = {
    own: station(own, scene.macOf(own)),
    victim: station(victim, scene.macOf(victim)),
    third: station(third, scene.macOf(third)),
    gateway: station(network, scene.macOf("host", bridge)),
  };
  using sender = new FrameSocket(scene.namespaceOf(own), "eth0");
  using atVictim = new FrameSocket(scene.namespaceOf(victim), "eth0");
  using atHost = new FrameSocket(scene.namespaceOf("host"), bridge);
  const observers = [
    { socket: atVictim, mac: cast.victim.mac, letter: "v", frames: [] as Buffer[] },
    { socket: atHost, mac: cast.gateway.mac, letter: "h", frames: [] as Buffer[] },
  ];
  const markOf = (at: number, letter: string) => Buffer.from(`(frame ${at}${letter})`.padEnd(14));
  const look = () => {
    for (const { socket, frames } of observers) frames.push(...socket.received());
  };
  const reaches = () => {
    look();
    return frameRows.map((_, at) => {
      const [neighbour, host] = observers.map(({ frames, letter }) => {
        const mark = markOf(at, letter);
        return frames.some((seen) => seen.includes(mark));
      });
      return neighbour && host ? "everybody" : neighbour ? "neighbour" : host ? "host" : "nobody";
    });
  };
  for (const [at, row] of frameRows.entries()) {
    for (const { mac, letter } of observers) sender.send(row.frame(cast, mac, markOf(at, letter)));
    look();
  }
  const expected = frameRows.map((row) => theatre.expected(row));
  await eventually(() => {
    const late = reaches().some((reach, at) => expected[at] !== "nobody" && reach !== expected[at]);
    if (late) throw new Error("frames are missing");
  }).catch(() => undefined);
  await sleep(silence);
  return reaches();
}

function station(name: string, mac: string): Station {
  return { mac, ipv4: addressOf(name, 4), ipv6: addressOf(name, 6), linkLocal: linkLocalAddress(mac) };
}
