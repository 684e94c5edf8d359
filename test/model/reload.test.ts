// What can be changed of a controller while it is open, and what it tells a monitor.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NftContext } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";

describe("reloadConfiguration", () => {
  it("takes pools from elsewhere from now on, and leaves networks what they have", async (t) => {
    const host = await TestHost.create(t, { defaultAddressPools: [{ base: "10.77.0.0/16", size: 24 }] });
    const { controller } = host;
    const before = await controller.newNetwork("bridge", "before");
    await controller.reloadConfiguration({ defaultAddressPools: [{ base: "10.78.0.0/16", size: 26 }] });
    const after = await controller.newNetwork("bridge", "after");
    const pools = [before, after].map(({ ipamInfo }) => ipamInfo.map(({ pool }) => pool));
    assert.deepEqual(pools, [["10.77.0.0/24"], ["10.78.0.0/26"]]);
    await before.createEndpoint("still");
  });

  it("changes nothing where a part of it will not do", async (t) => {
    const host = await TestHost.create(t, { defaultAddressPools: [{ base: "10.77.0.0/16", size: 24 }] });
    const { controller } = host;
    const rule = "add rule inet causeway user counter";
    await controller.reloadConfiguration({ userRules: rule });
    const pools = [{ base: "10.78.0.0/16", size: 24 }];
    const refused = (options: object, code: string) =>
      assert.rejects(controller.reloadConfiguration(options), { code });
    await refused(
      { defaultAddressPools: pools, userRules: "add rule inet causeway user nonsense" },
      "user_rules_refused",
    );
    await refused(
      { defaultAddressPools: [{ base: "10.78.0.0/16", size: 8 }], userRules: "" },
      "invalid_default_pool",
    );
    await refused({ defaultAddressPool: pools }, "unknown_option");
    assert.match(userChain(host), /counter/);
    assert.equal((await controller.newNetwork("bridge", "n")).ipamInfo[0]?.pool, "10.77.0.0/24");
  });

  it("puts the operator's rules in the place of those that were there, and no rule of ours goes", async (t) => {
    const host = await TestHost.create(t);
    await host.controller.reloadConfiguration({
      userRules: "add rule inet causeway user ip saddr 203.0.113.1 drop",
    });
    await host.controller.reloadConfiguration({
      userRules: "add rule inet causeway user ip saddr 203.0.113.2 drop",
    });
    assert.match(userChain(host), /203\.0\.113\.2/);
    assert.doesNotMatch(userChain(host), /203\.0\.113\.1 /);
    assert.deepEqual((await host.controller.inspectHealth()).items, []);
    await host.restart();
    assert.match(userChain(host), /203\.0\.113\.2/);
    await host.controller.reloadConfiguration({ userRules: "" });
    assert.doesNotMatch(userChain(host), /saddr/);
  });

  it("puts the operator's rules back with a table that somebody deleted, unless they will not do any more", async (t) => {
    const host = await TestHost.create(t, { selfHeal: false });
    const { controller } = host;
    const deleteTables = () => {
      using context = new NftContext(host.namespace);
      context.run("flush ruleset");
    };
    await controller.reloadConfiguration({
      userRules: "add rule inet causeway user ip saddr 203.0.113.1 drop",
    });
    deleteTables();
    await controller.repair();
    assert.match(userChain(host), /203\.0\.113\.1/);
    // What the rules need is the operator's own, and went, too.
    const own = "add set inet causeway user_own { type ipv4_addr; };";
    {
      using context = new NftContext(host.namespace);
      context.run(own);
    }
    await controller.reloadConfiguration({
      userRules: "add rule inet causeway user ip saddr @user_own drop",
    });
    deleteTables();
    await controller.repair();
    assert.doesNotMatch(userChain(host), /user_own/);
    assert.deepEqual((await controller.inspectHealth()).items, []);
    await controller.newNetwork("bridge", "n");
  });

  it("says that there are no chains without a firewall", async (t) => {
    const host = await TestHost.create(t, { firewall: "none" });
    await assert.rejects(host.controller.reloadConfiguration({ userRules: "" }), {
      code: "unsupported_without_firewall",
    });
  });
});

describe("statistics", () => {
  it("counts what there is, and what was asked of the kernel and the disk", async (t) => {
    const host = await TestHost.create(t);
    const { controller } = host;
    const before = controller.statistics();
    const network = await controller.newNetwork("bridge", "n");
    await network.createEndpoint("alone");
    const { sandbox } = await controller.attach(network);
    const made = controller.statistics();
    const { networks, endpoints, joined, sandboxes, lost, unrestored } = made;
    assert.deepEqual(
      { networks, endpoints, joined, sandboxes, lost, unrestored },
      { networks: before.networks + 1, endpoints: 2, joined: 1, sandboxes: 1, lost: 0, unrestored: 0 },
    );
    // The first network turns forwarding on, which is one of its own.
    assert.equal(made.storeCommits.count - before.storeCommits.count, 4);
    assert.ok(made.nftTransactions.count > before.nftTransactions.count);
    assert.ok(made.nftTransactions.seconds > before.nftTransactions.seconds);
    await sandbox.delete({ endpoints: "delete" });
    assert.equal(controller.statistics().joined, 0);
    const failed = controller.reloadConfiguration({ userRules: "nonsense" });
    await assert.rejects(failed, { code: "user_rules_refused" });
    assert.equal(controller.statistics().nftTransactions.failed, before.nftTransactions.failed + 1);
    assert.equal(made.nftTransactions.failed, before.nftTransactions.failed);
  });
});

function userChain({ namespace }: TestHost): string {
  using nft = new NftContext(namespace);
  return nft.run("list chain inet causeway user");
}
