// One echo request from a sandbox, by iputils' ping or busybox's.

import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { Sandbox } from "@causeway/libnetwork";

/** One packet, one second. */
const once = ["-c", "1", "-W", "1"];

export interface Ping {
  readonly answered: boolean;
  /** What ping says: the time it took, or why no answer came. */
  readonly said: string;
}

/** @throws where this machine has no ping */
export async function ping(from: Sandbox, address: string): Promise<Ping> {
  const [program, ...first] = command();
  const child = from.spawn(program, [...first, ...once, address], { stdio: ["ignore", "pipe", "pipe"] });
  if (child.stdout === null || child.stderr === null) throw new Error("ping did not start");
  const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const time = / time=([\d.]+ ms)/.exec(out)?.[1];
  if (time !== undefined) return { answered: true, said: time };
  return { answered: false, said: /unreachable/i.test(complaints) ? "no way there" : "no answer in 1 s" };
}

function command(): readonly [string, ...string[]] {
  const own = ["/usr/bin/ping", "/bin/ping"].find(existsSync);
  if (own !== undefined) return [own];
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
  if (busybox !== undefined) return [busybox, "ping"];
  throw new Error("there is no ping: npm run setup demo installs busybox, which has one");
}
