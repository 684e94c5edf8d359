// An etcd to try things on, gone when the example ends; on your own machines: three members, and TLS.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ThrowAwayEtcd extends AsyncDisposable {
  readonly url: string;
}

/** @throws Error where etcd is not installed: `apt-get install etcd-server`, or `npm run setup example` */
export async function startedEtcd(): Promise<ThrowAwayEtcd> {
  const directory = mkdtempSync(join(tmpdir(), "causeway-etcd-"));
  const [url, peers] = ["http://127.0.0.1:32379", "http://127.0.0.1:32380"];
  const etcd = spawn(
    "etcd",
    [
      ...["--name", "example", "--data-dir", directory, "--log-level", "error"],
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
      ...["--initial-cluster", `example=${peers}`],
    ],
    { stdio: "ignore" },
  );
  await once(etcd, "spawn").catch((error: unknown) => {
    rmSync(directory, { recursive: true });
    throw new Error("etcd is not installed: npm run setup example", { cause: error });
  });
  const answers = () =>
    fetch(`${url}/health`, { headers: { connection: "close" } }).then(
      async (answer) => (await answer.text()).includes('"true"'),
      () => false,
    );
  while (!(await answers())) {
    if (etcd.exitCode !== null) throw new Error(`etcd ended with status ${etcd.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      etcd.kill();
      if (etcd.exitCode === null) await once(etcd, "exit");
      rmSync(directory, { recursive: true });
    },
  };
}
