// Containers of a daemon in the test's own process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Container, ContainerCreate, ContainerCreated } from "@causeway/daemon/api";
import { type Answer, TestDaemon, type TestDaemonOptions } from "./daemon.ts";
import { makeRootDirectory } from "./root-directory.ts";

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** What is used of a daemon: one in this process, or one that can be killed. */
export type Asked = Pick<TestDaemon, "ask" | "host" | "socket">;

/** A daemon, a root directory with busybox, and containers in it. Every container is removed when the test ends. */
export class ContainerScene<D extends Asked = TestDaemon> {
  readonly daemon: D;
  readonly rootfs: string;

  private constructor(daemon: D, rootfs: string) {
    this.daemon = daemon;
    this.rootfs = rootfs;
  }

  static create(t: TestContext, options: TestDaemonOptions = {}): Promise<ContainerScene> {
    return ContainerScene.around(t, () => TestDaemon.start(t, options));
  }

  static async around<D extends Asked>(t: TestContext, start: () => Promise<D>): Promise<ContainerScene<D>> {
    const rootfs = makeRootDirectory(mkdtempSync(join(tmpdir(), "causeway-root-")));
    let scene: ContainerScene<D> | undefined;
    // Before the daemon ends: hooks run in the order in which they are given.
    t.after(() => scene?.removeAll());
    t.after(() => rmSync(rootfs, { recursive: true }));
    scene = new ContainerScene(await start(), rootfs);
    return scene;
  }

  async network(name: string, options: object = {}): Promise<void> {
    this.must(await this.daemon.ask("POST", "/cnm/v1/networks", { name, ...options }), 201);
  }

  /** In the foreground, to its end. */
  async run(command: readonly string[], options: Partial<ContainerCreate> = {}): Promise<Ran> {
    const { launch } = this.created(await this.ask(command, options));
    assert.ok(launch);
    const [program = "", ...words] = launch.command;
    const child = spawn(program, words, { cwd: launch.directory, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const code = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
    return { code, output };
  }

  /** In the background. */
  async start(command: readonly string[], options: Partial<ContainerCreate> = {}): Promise<Container> {
    return this.created(await this.ask(command, { detached: true, ...options })).container;
  }

  ask(command: readonly string[], options: Partial<ContainerCreate>): Promise<Answer> {
    const root = options.kind === "process" ? {} : { kind: "rootfs", path: this.rootfs };
    const body = { ...root, command, ...options };
    return this.daemon.ask("POST", "/cnm/v1/containers", body);
  }

  created(answer: Answer): ContainerCreated {
    return this.must(answer, 201) as ContainerCreated;
  }

  async inspect(reference: string): Promise<Container> {
    return this.must(await this.daemon.ask("GET", `/cnm/v1/containers/${reference}`), 200) as Container;
  }

  async list(): Promise<readonly Container[]> {
    const answer = await this.daemon.ask("GET", "/cnm/v1/containers");
    return (this.must(answer, 200) as { items: Container[] }).items;
  }

  async wait(reference: string): Promise<number> {
    const answer = await this.daemon.ask("GET", `/cnm/v1/containers/${reference}/wait`);
    return (this.must(answer, 200) as { exitCode: number }).exitCode;
  }

  async logs(reference: string, query = ""): Promise<string> {
    const answer = await this.daemon.ask("GET", `/cnm/v1/containers/${reference}/logs${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  }

  async stop(reference: string, options: object = { seconds: 0 }): Promise<void> {
    this.must(await this.daemon.ask("POST", `/cnm/v1/containers/${reference}/stop`, options), 204);
  }

  async remove(reference: string, query = ""): Promise<void> {
    this.must(await this.daemon.ask("DELETE", `/cnm/v1/containers/${reference}${query}`), 204);
  }

  must({ status, text, body }: Answer, expected: number): unknown {
    assert.equal(status, expected, text);
    return body;
  }

  async removeAll(): Promise<void> {
    for (const { id } of await this.list())
      await this.daemon.ask("DELETE", `/cnm/v1/containers/${id}?force=true`);
  }
}
