// Other people's programs in a sandbox, with the sandbox's own resolv.conf and hosts, as a container has them.

import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Sandbox } from "@causeway/libnetwork";
import { namespaceOf } from "./host.ts";

/** Mounts go with the mount namespace, when the program ends. */
const mountFiles = 'mount --bind "$1" /etc/resolv.conf; mount --bind "$2" /etc/hosts; shift 2; exec "$@"';

export interface RunInOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is killed. Default: 30,000. */
  readonly patience?: number;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program in the sandbox to its end. */
export async function runIn(
  sandbox: Sandbox,
  command: readonly string[],
  { env = {}, patience = 30_000 }: RunInOptions = {},
): Promise<Ran> {
  const { resolvConf, hosts } = sandbox.files;
  const shell = ["sh", "-ec", mountFiles, "sh", resolvConf, hosts, ...command];
  using namespace = namespaceOf(sandbox);
  const child = namespace.spawn("unshare", ["--mount", "--propagation", "private", ...shell], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    timeout: patience,
    killSignal: "SIGKILL",
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  const [output, errors, [code]] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
  return { code: typeof code === "number" ? code : null, output, errors };
}

/** The words of what a program says, line by line, sorted. */
export function linesOf({ output }: Ran): string[] {
  return output
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => line !== "")
    .sort();
}

export interface Dug {
  readonly status: string;
  /** `qr aa rd ra` ... */
  readonly flags: readonly string[];
  /** `NAME TYPE DATA` of each record, without TTL and class, in the order of the answer. */
  readonly answers: readonly string[];
  readonly additionals: readonly string[];
  /** As it came: `dB. IN A`. */
  readonly question: string;
  /** What dig says of EDNS: `version: 0, flags: do; udp: 1232`; undefined where the answer has none. */
  readonly edns: string | undefined;
  readonly server: string;
  /** All that it said. */
  readonly text: string;
}

/** What dig says, asked with these arguments. The last answer counts where there are several. */
export async function dig(sandbox: Sandbox, ...args: readonly string[]): Promise<Dug> {
  const { output } = await runIn(sandbox, ["dig", "+tries=1", "+timeout=10", ...args]);
  const found = (pattern: RegExp) => [...output.matchAll(pattern)].at(-1)?.[1]?.trim();
  return {
    status: found(/status: (\w+)/g) ?? "nobody answers",
    flags: (found(/^;; flags: ([a-z ]*);/gm) ?? "").split(" "),
    answers: section(output, "ANSWER"),
    additionals: section(output, "ADDITIONAL"),
    question: (found(/QUESTION SECTION:\n;(.*)/g) ?? "").replaceAll(/\s+/g, " "),
    edns: found(/^; EDNS: (.*)/gm),
    server: found(/^;; SERVER: (.*)/gm) ?? "",
    text: output,
  };
}

function section(output: string, name: string): string[] {
  const [, lines = ""] = output.match(new RegExp(`;; ${name} SECTION:\n((?:[^;\n].*\n)*)`)) ?? [];
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/))
    .map(([owner, _ttl, _class, ...data]) => [owner, ...data].join(" "));
}
