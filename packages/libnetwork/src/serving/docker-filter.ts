/**
 * Docker's own packet filter, told to let our networks be. dockerd makes the host a router and drops, in iptables' FORWARD, whatever it forwards that is
 * not of dockerd's own networks; with bridge-nf-call-iptables, what goes from one container of ours to the next, too. No verdict of our tables spares a
 * packet those of others.
 *
 * A chain of ours is called from DOCKER-USER, which Docker leaves to others: it makes it and keeps what is in it. The chain knows our bridges by their link group,
 * so it is written once, not for every network. Who may enter our networks our own tables decide. What leaves them for a bridge of Docker's meets Docker's
 * rules, as if we were not there.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { NetNamespace } from "@causeway/kernel";
import { bridgeGroup } from "../contracts/firewall.ts";
import { messageOf, unavailable } from "../errors.ts";

/** Where Docker drops what goes from one of its networks to another: it knows them all, whatever their bridges are called. */
const isolation = "DOCKER-ISOLATION-STAGE-2";
/** Names of the links that Docker's networks are, for a Docker without such a chain. */
const dockerBridges = ["docker+", "br-+"];

const families = ["iptables", "ip6tables"] as const;
type Family = (typeof families)[number];

export class DockerFilter {
  readonly #host: NetNamespace;
  readonly #chain: string;
  readonly #onProblem: (error: unknown) => void;
  #looking: Promise<void> | undefined;
  #seen = false;

  /** @param owner 12 hexadecimal digits: several plugins on a host have a chain each */
  constructor(host: NetNamespace, owner: string, onProblem: (error: unknown) => void) {
    this.#host = host;
    this.#chain = `CAUSEWAY-${owner}`;
    this.#onProblem = onProblem;
  }

  /**
   * Where Docker filters, and does not let our networks be yet, it does afterwards. Where it was seen to once, another look is not waited for: each is some
   * processes, and the chain stays unless somebody takes it away.
   */
  async open(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    if (!this.#seen) await this.#looking;
    this.#seen = true;
  }

  async #look(): Promise<void> {
    await this.#forEach(async (family) => {
      const isCalled = await this.#run(family, ["-C", "DOCKER-USER", "-j", this.#chain]);
      if (isCalled.status === 0) return;
      // Docker does not filter this family here.
      if ((await this.#run(family, ["-n", "-L", "DOCKER-USER", "1"])).status !== 0) return;
      await this.#must(
        family,
        `${family}-restore`,
        ["-w", "-n"],
        chainText(this.#chain, await this.#hasIsolation(family)),
      );
      await this.#must(family, family, ["-w", "-I", "DOCKER-USER", "-j", this.#chain]);
    });
  }

  async #hasIsolation(family: Family): Promise<boolean> {
    return (await this.#run(family, ["-n", "-L", isolation, "1"])).status === 0;
  }

  /** Waits for a look that is being taken. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  /** Takes the chain away. */
  async close(): Promise<void> {
    await this.#looking;
    await this.#forEach(async (family) => {
      if ((await this.#run(family, ["-n", "-L", this.#chain, "1"])).status !== 0) return;
      await this.#run(family, ["-D", "DOCKER-USER", "-j", this.#chain]);
      await this.#run(family, ["-F", this.#chain]);
      await this.#must(family, family, ["-w", "-X", this.#chain]);
    });
  }

  async #forEach(action: (family: Family) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(families.map(action));
    for (const outcome of outcomes) if (outcome.status === "rejected") this.#onProblem(outcome.reason);
  }

  async #must(family: Family, program: string, args: readonly string[], input = ""): Promise<void> {
    const { status, said } = await this.#spawn(program, args, input);
    if (status === 0) return;
    throw unavailable(
      "docker_filter_refused",
      `${program} ${args.join(" ")} failed: ${said.trim()}; let our bridges' link group pass by hand: "${family} -I DOCKER-USER -m devgroup --dst-group ${bridgeGroup} -j ACCEPT", and the same with --src-group`,
    );
  }

  #run(family: Family, args: readonly string[]): Promise<Outcome> {
    return this.#spawn(family, ["-w", ...args]);
  }

  async #spawn(program: string, args: readonly string[], input = ""): Promise<Outcome> {
    try {
      const child = this.#host.run(() => spawn(program, args, { stdio: ["pipe", "ignore", "pipe"] }));
      const texts: Buffer[] = [];
      child.stderr.on("data", (text: Buffer) => texts.push(text));
      child.stdin.on("error", () => {
        // It ended without reading: its status says why.
      });
      child.stdin.end(input);
      const [status] = (await once(child, "close")) as [number | null];
      return { status, said: Buffer.concat(texts).toString() };
    } catch (error) {
      // Not installed: then Docker has no rules there either.
      return { status: null, said: messageOf(error) };
    }
  }
}

interface Outcome {
  readonly status: number | null;
  readonly said: string;
}

/** For iptables-restore: emptied where it is there already. */
function chainText(chain: string, isolated: boolean): string {
  const ours = (key: string) => `-m devgroup --${key}-group 0x${bridgeGroup.toString(16)}`;
  const rules = [
    `${ours("dst")} -j ACCEPT`,
    ...(isolated
      ? [
          `${ours("src")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
          // What is published there.
          `${ours("src")} -j DOCKER`,
          `${ours("src")} -j ${isolation}`,
        ]
      : dockerBridges.map((name) => `${ours("src")} -o ${name} -j RETURN`)),
    `${ours("src")} -j ACCEPT`,
  ];
  return `*filter\n:${chain} - [0:0]\n${rules.map((rule) => `-A ${chain} ${rule}\n`).join("")}COMMIT\n`;
}
