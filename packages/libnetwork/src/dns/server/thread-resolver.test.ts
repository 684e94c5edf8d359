import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import type { SandboxNames } from "../../contracts/names.ts";
import { ThreadResolver } from "./thread-resolver.ts";

const settings = { hostResolvConf: "/nonexistent", cacheBytes: 0, inFlight: 8 };
const id = (digit: string) => digit.repeat(64);

/** A resolver whose host is an empty namespace, and makes sandboxes for it. */
function scene(t: TestContext) {
  using host = NetNamespace.create();
  const told: unknown[] = [];
  const resolver = new ThreadResolver(host, settings, (error) => told.push(error));
  t.after(() => resolver.end());
  const directory = mkdtempSync(join(tmpdir(), "causeway-names-"));
  const bound: string[] = [];
  t.after(() => {
    for (const path of bound) unbindNamespace(path);
    rmdirSync(directory);
  });
  const sandbox = (name: string) => {
    using namespace = NetNamespace.create();
    namespace.run(() => {
      using rtnl = new Rtnl();
      rtnl.execute(link.change({ name: "lo" }, { up: true }));
    });
    const path = join(directory, name);
    namespace.bindAt(path);
    bound.push(path);
    return path;
  };
  return { resolver, sandbox, told };
}

const nothing = (sandboxId: string): SandboxNames => ({
  sandboxId,
  memberships: [],
  extraHosts: [],
  forwards: false,
  servers: [],
  options: [],
});

describe("ThreadResolver", () => {
  it("says why a namespace cannot be had, and has others all the same", async (t) => {
    const { resolver, sandbox, told } = scene(t);
    await assert.rejects(resolver.open(id("a"), "/nonexistent/netns", "a"), {
      code: "resolver_failed",
      message: /\/nonexistent\/netns/,
    });
    await resolver.open(id("b"), sandbox("b"), "b");
    resolver.tell(nothing(id("b")));
    // Again, as after a restart: the same port is there again.
    resolver.close(id("b"));
    await resolver.open(id("b"), sandbox("c"), "b");
    assert.deepEqual(told, []);
  });

  it("tells who waits that it was closed meanwhile, and knows nothing of who is not there", async (t) => {
    const { resolver, sandbox } = scene(t);
    const path = sandbox("a");
    const opened = resolver.open(id("a"), path, "a");
    resolver.close(id("a"));
    await assert.rejects(opened, { code: "resolver_failed" });
    resolver.close(id("a"));
    resolver.tell(nothing(id("a")));
    await resolver.open(id("a"), path, "a");
  });
});
