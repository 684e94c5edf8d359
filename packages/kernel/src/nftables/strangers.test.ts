import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { Monitor } from "../netlink/monitor.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { NftContext } from "./context.ts";
import { strangersTransactions } from "./strangers.ts";

describe("strangers' transactions", () => {
  checkLeaks();

  it("are told, and this thread's own are not", async () => {
    using namespace = NetNamespace.create();
    using nft = new NftContext(namespace);
    using monitor = new Monitor([strangersTransactions(namespace)], { namespace });
    nft.run("add table inet own");
    const stranger = namespace.spawn("nft", ["add", "table", "inet", "strange"]);
    await once(stranger, "close");
    const { value } = await monitor.next();
    assert.ok(value?.type === "nftables-generation" && value.processName === "nft", JSON.stringify(value));
    assert.equal(value.processId, stranger.pid);
  });

  it("are told from a process's own where it is in a pid namespace", () => {
    const script = `
      import { spawnSync } from "node:child_process";
      import { Monitor } from ${JSON.stringify(import.meta.resolve("../netlink/monitor.ts"))};
      import { NftContext } from ${JSON.stringify(import.meta.resolve("./context.ts"))};
      import { strangersTransactions } from ${JSON.stringify(import.meta.resolve("./strangers.ts"))};
      const monitor = new Monitor([strangersTransactions()]);
      new NftContext().run("add table inet own");
      spawnSync("nft", ["add", "table", "inet", "strange"]);
      const { value } = await monitor.next();
      console.log(process.pid, value.processName);
      process.exit();`;
    const { stdout, stderr } = spawnSync(
      "unshare",
      ["--net", "--pid", "--fork", process.execPath, "--input-type=module", "--eval", script],
      { encoding: "utf8", timeout: 20_000 },
    );
    assert.deepEqual([stdout, stderr], ["1 nft\n", ""]);
  });
});
