/**
 * For tests: sockets in directories that go away, plugins that do nothing, and peers that do wrong.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FoundPlugin } from "./client/index.ts";
import type { IpamDriverHandlers, NetworkDriverHandlers } from "./server/index.ts";

/** A directory that is gone when the test is over. */
export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "plugin-sdk-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A driver that says yes. */
export const yes: NetworkDriverHandlers = {
  createNetwork() {},
  deleteNetwork() {},
  createEndpoint: () => ({}),
  deleteEndpoint() {},
  join: () => ({ InterfaceName: { SrcName: "test0", DstPrefix: "eth" } }),
  leave() {},
};

/** An IPAM that gives everybody the same. */
export const sameForAll: IpamDriverHandlers = {
  requestPool: ({ Pool }) => ({ PoolID: "one", Pool: Pool || "10.9.0.0/24" }),
  releasePool() {},
  requestAddress: ({ Address }) => ({ Address: `${Address || "10.9.0.2"}/24` }),
  releaseAddress() {},
};

/** A plugin's address, found by nobody. */
export function at(path: string, name = "test"): FoundPlugin {
  return { name, address: { kind: "unix", path }, source: path };
}

/** Something that answers HTTP on a unix socket as the test likes; closed when the test is over. */
export async function somebody(t: TestContext, listener: RequestListener): Promise<FoundPlugin> {
  const path = join(temporaryDirectory(t), "somebody.sock");
  const server = createServer(listener).listen(path);
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return at(path);
}
