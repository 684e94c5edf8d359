// An underlay with hosts and three etcd members on it, each in a namespace of its own.

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import type { StoredRecord } from "../../packages/libnetwork/src/contracts/store.ts";
import { endAll } from "../support/ends.ts";
import { eventually } from "../support/eventually.ts";
import { Underlay } from "../support/underlay.ts";
import { addressOn } from "../support/wire.ts";
import { FaultyHost } from "./host.ts";
import type { Question } from "./observer.ts";
import { ToldProcess } from "./told-process.ts";
import { Wires } from "./wires.ts";

/** Seconds that a host is remembered: long enough for a machine that is busy, and short for a test that waits for them to pass. */
const life = 3;
const retention = 8;

/** A member of the etcd. */
class Member {
  /** Of its wire. */
  readonly number: number;
  readonly url: string;
  readonly namespace = NetNamespace.create();
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(underlay: Underlay, number: number, directory: string) {
    this.number = number;
    this.url = `http://192.0.2.${number}:2379`;
    this.#directory = join(directory, String(number));
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    underlay.connect(this.namespace, number);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(numbers: readonly number[]): void {
    const peer = (number: number) => `http://192.0.2.${number}:2380`;
    const cluster = numbers.map((number) => `m${number}=${peer(number)}`).join(",");
    const child = this.namespace.spawn(
      "etcd",
      [
        ...["--name", `m${this.number}`, "--data-dir", this.#directory, "--initial-cluster", cluster],
        ...["--listen-client-urls", this.url, "--advertise-client-urls", this.url],
        ...["--listen-peer-urls", peer(this.number), "--initial-advertise-peer-urls", peer(this.number)],
        ...["--log-level", "error"],
      ],
      { stdio: "ignore" },
    );
    this.#child = child;
    child.once("exit", (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      process.emitWarning(`etcd member ${this.number} has ended by itself: ${code ?? signal}`);
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    this.namespace[Symbol.dispose]();
  }
}

export class Scene {
  readonly wires: Wires;
  readonly members: readonly Member[];
  readonly hosts: FaultyHost[] = [];
  readonly #underlay = new Underlay();
  readonly #data = mkdtempSync("/dev/shm/causeway-faults-etcd-");
  #observer: ToldProcess<Question> | undefined;

  private constructor() {
    const { rtnl, bridge } = this.#underlay;
    rtnl.execute(link.change({ name: "lo" }, { up: true }), addressOn(bridge, "192.0.2.250/24"));
    this.wires = new Wires(this.#underlay);
    this.members = [101, 102, 103].map((number) => new Member(this.#underlay, number, this.#data));
  }

  /** With everything running. @param count of hosts */
  static async open(count: number): Promise<Scene> {
    const scene = new Scene();
    try {
      const file = join(import.meta.dirname, "observer.ts");
      scene.#observer = await ToldProcess.start(scene.#underlay.namespace, file, scene.#urls);
      await scene.startMembers();
      for (let number = 1; number <= count; number++) scene.addHost(number);
      await Promise.all(scene.hosts.map((host) => host.start()));
      return scene;
    } catch (error) {
      await endAll([() => scene.end(), () => Promise.reject(error)]);
      throw error;
    }
  }

  /** It is not started. */
  addHost(number: number): FaultyHost {
    const host = new FaultyHost(this.#underlay, { number, etcd: this.#urls, life, retention });
    this.hosts.push(host);
    return host;
  }

  /** From 1 on. */
  host(number: number): FaultyHost {
    const host = this.hosts.find((one) => one.number === number);
    assert.ok(host !== undefined, `there is no host ${number}`);
    return host;
  }

  /** Those that are given, or all; returns when each says that it is well. */
  async startMembers(members: readonly Member[] = this.members): Promise<void> {
    for (const member of members) member.start(this.members.map(({ number }) => number));
    for (const { url } of members)
      await eventually(async () =>
        assert.match(String(await this.#ask({ do: "fetch", url: `${url}/health` })), /"true"/),
      );
  }

  /** What is stored. */
  async records(kind: string): Promise<readonly StoredRecord[]> {
    return (await this.#ask({ do: "list", kind })) as readonly StoredRecord[];
  }

  /** Whatever was done to wires, members and hosts is undone. */
  async heal(): Promise<void> {
    this.wires.mend();
    for (const host of this.hosts) host.resume();
    await this.startMembers(this.members.filter(({ isRunning }) => !isRunning));
  }

  async end(): Promise<void> {
    await endAll([
      ...this.hosts.map((host) => () => host.end()),
      () => this.#observer?.kill(),
      ...this.members.map((member) => () => member.end()),
      () => this.wires[Symbol.dispose](),
      () => this.#underlay[Symbol.dispose](),
      () => rmSync(this.#data, { recursive: true, force: true }),
    ]);
  }

  get #urls(): readonly string[] {
    return this.members.map(({ url }) => url);
  }

  #ask(question: Question): Promise<unknown> {
    if (this.#observer === undefined) throw new Error("nobody observes");
    return this.#observer.tell(question);
  }
}
