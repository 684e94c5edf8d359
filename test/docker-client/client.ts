// Docker's client, run against one daemon: by -H, by DOCKER_HOST, or by a context, as the caller says.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Way = "option" | "environment" | "context";
export const ways: readonly Way[] = ["option", "environment", "context"];

export class DockerClient implements Disposable {
  readonly #program: string;
  readonly #socket: string;
  readonly #directory: string;

  constructor(program: string, socket: string) {
    this.#program = program;
    this.#socket = socket;
    this.#directory = mkdtempSync(join(tmpdir(), "causeway-docker-"));
    mkdirSync(join(this.#directory, "home"));
  }

  /** Makes the context that the third way takes. */
  async prepare(): Promise<void> {
    const endpoint = `host=unix://${this.#socket}`;
    const { code, stderr } = await this.#execute(["context", "create", "peer", "--docker", endpoint], {});
    if (code !== 0) throw new Error(stderr);
  }

  run(args: readonly string[], way: Way = "option"): Promise<Outcome> {
    const host = `unix://${this.#socket}`;
    if (way === "environment") return this.#execute(args, { DOCKER_HOST: host });
    return this.#execute([...(way === "option" ? ["--host", host] : ["--context", "peer"]), ...args], {});
  }

  #execute(args: readonly string[], more: Readonly<Record<string, string>>): Promise<Outcome> {
    const env = {
      PATH: process.env.PATH,
      HOME: join(this.#directory, "home"),
      DOCKER_CONFIG: this.#directory,
      ...more,
    };
    return new Promise((resolve) => {
      execFile(this.#program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
