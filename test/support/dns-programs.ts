// Debian's name servers, unbound and dnsmasq, in a namespace of the test: each knows example.org and nothing else.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetNamespace } from "@causeway/kernel";
import { eventually } from "./eventually.ts";

/** What is at www.example.org. */
export const known = { ipv4: "192.0.2.7", ipv6: "2001:db8::7", text: "from afar" } as const;

/** More than 512 bytes of TXT at big.example.org, and more than 4,096 at huge.example.org. */
const texts = (count: number) => Array.from({ length: count }, (_, index) => `${index}`.padStart(200, "x"));

export class DnsProgram implements AsyncDisposable {
  /** All that it said: whoever it was asked, too. */
  log = "";
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(process: ChildProcess, directory: string) {
    this.#process = process;
    this.#directory = directory;
    const note = (piece: Buffer) => {
      this.log += piece.toString();
    };
    process.stdout?.on("data", note);
    process.stderr?.on("data", note);
  }

  /** @param address where it listens, port 53 */
  static async unbound(namespace: NetNamespace, address: string): Promise<DnsProgram> {
    const directory = mkdtempSync(join(tmpdir(), "causeway-unbound-"));
    const file = join(directory, "unbound.conf");
    writeFileSync(file, unboundConf(directory, address));
    const child = namespace.spawn("unbound", ["-d", "-d", "-c", file], { stdio: ["ignore", "pipe", "pipe"] });
    return DnsProgram.#started(child, directory, /start of service/);
  }

  /** @param address where it listens, port 53 */
  static async dnsmasq(namespace: NetNamespace, address: string): Promise<DnsProgram> {
    const directory = mkdtempSync(join(tmpdir(), "causeway-dnsmasq-"));
    const file = join(directory, "dnsmasq.conf");
    writeFileSync(file, dnsmasqConf(address));
    const child = namespace.spawn("dnsmasq", ["--no-daemon", `--conf-file=${file}`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return DnsProgram.#started(child, directory, /started, version/);
  }

  static async #started(child: ChildProcess, directory: string, sign: RegExp): Promise<DnsProgram> {
    const program = new DnsProgram(child, directory);
    try {
      await eventually(() => {
        if (!sign.test(program.log)) throw new Error(`it does not start: ${program.log}`);
      });
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return program;
  }

  /** Whether it was asked for the name, of which it may have been any part. */
  wasAsked(name: string): boolean {
    return this.log.toLowerCase().includes(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#directory, { recursive: true });
  }
}

function unboundConf(directory: string, address: string): string {
  const records = [
    `www.example.org. 300 IN A ${known.ipv4}`,
    `www.example.org. 300 IN AAAA ${known.ipv6}`,
    `www.example.org. 300 IN TXT "${known.text}"`,
    `_http._tcp.example.org. 300 IN SRV 1 2 80 www.example.org.`,
    "example.org. 300 IN SOA ns.example.org. root.example.org. 1 3600 600 86400 60",
    ...texts(6).map((text) => `big.example.org. 300 IN TXT "${text}"`),
    ...texts(40).map((text) => `huge.example.org. 300 IN TXT "${text}"`),
  ];
  return `
server:
  interface: ${address}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  directory: "${directory}"
  pidfile: ""
  chroot: ""
  username: ""
  num-threads: 1
  do-daemonize: no
  use-syslog: no
  logfile: ""
  log-queries: yes
  verbosity: 1
  do-not-query-localhost: no
  module-config: "iterator"
  minimal-responses: no
  local-zone: "." static
  local-zone: "example.org." static
${records.map((record) => `  local-data: '${record}'\n`).join("")}
remote-control:
  control-enable: no
`;
}

function dnsmasqConf(address: string): string {
  return `
user=root
pid-file=
no-resolv
no-hosts
bind-interfaces
listen-address=${address}
log-queries
log-facility=-
local=/#/
local-ttl=300
host-record=www.example.org,${known.ipv4},${known.ipv6}
txt-record=www.example.org,${known.text}
srv-host=_http._tcp.example.org,www.example.org,80,1,2
${texts(6)
  .map((text) => `txt-record=big.example.org,${text}\n`)
  .join("")}`;
}
