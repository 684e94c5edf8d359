// A client of Docker's API that tells how long each answer took.

import { Agent, request } from "node:http";

/** One connection that stays. */
export class DockerClient implements Disposable {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Milliseconds from the request until its answer was read. */
  time(method: string, path: string, body: string | undefined, status: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const start = performance.now();
    const asked = request({ socketPath: this.#socketPath, agent: this.#agent, method, path, headers });
    asked.on("error", reject);
    asked.on("response", (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString();
      });
      response.on("end", () => {
        if (response.statusCode === status) resolve(performance.now() - start);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    asked.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
