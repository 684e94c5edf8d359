/**
 * The firewall as a keeper of state: what is remembered, installed, replaced, healed and refused.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { describe, it } from "node:test";
import { InetSockaddr, ipToBytes, listenTcp, type NetNamespace, NftContext, socket } from "@causeway/kernel";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import type { NetworkPolicy, PortPolicy, PublishedPort } from "../contracts/firewall.ts";
import { CausewayError } from "../errors.ts";
import { NftablesFirewall } from "./nftables-firewall.ts";
import { BareHost, bridgeOf, hostAddress, networkPolicy, Stage } from "./test-support.ts";

/** A namespace to be filtered, with eyes of its own. */
class Filtered implements Disposable {
  readonly #kept = new DisposableStack();
  readonly namespace: NetNamespace;
  readonly nft: NftContext;

  constructor() {
    this.namespace = this.#kept.use(new BareHost()).namespace;
    this.nft = this.#kept.use(new NftContext(this.namespace));
  }

  open(options: { controllerId?: string; table?: string } = {}): NftablesFirewall {
    const firewall = new NftablesFirewall({ controllerId: "first", namespace: this.namespace, ...options });
    this.#kept.defer(() => firewall.close());
    return firewall;
  }

  tables(): string[] {
    return this.nft.list("tables").map(({ table }) => `${table?.family} ${table?.name}`);
  }

  /** All elements of our sets, by the name of the set; empty ones are left out. */
  elements(table = "causeway"): Record<string, number> {
    const sets = ["inet", "bridge"].flatMap((family) => this.nft.list(`table ${family} ${table}`));
    return Object.fromEntries(
      sets.flatMap((object) => {
        const set = object.set ?? object.map;
        return Array.isArray(set?.elem) ? [[String(set.name), set.elem.length]] : [];
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#kept[Symbol.dispose]();
  }
}

const port = (number: number): PortPolicy => ({
  endpointId: `endpoint${number}`,
  interface: `veth${number}`,
  mac: "02:00:00:00:01:02",
  addresses: ["172.30.1.2", "fd00:1::2"],
});
const publishedPort = (hostPort: number, target = 80): PublishedPort => ({
  protocol: "tcp",
  family: 4,
  hostAddress: undefined,
  hostPort,
  bridge: bridgeOf(1),
  address: "172.30.1.2",
  port: target,
});

const oneOfEach = { networks: [networkPolicy(1)], ports: [port(1)], published: [publishedPort(8080)] };
const elementsOfEach = {
  bridges: 1,
  within: 1,
  into: 2,
  gateways4: 1,
  gateways6: 1,
  own_gateways4: 1,
  own_gateways6: 1,
  home4: 1,
  home6: 1,
  subnets4: 1,
  subnets6: 1,
  rewritten4: 1,
  rewritten6: 1,
  opened4: 1,
  published_any4: 1,
  guarded: 1,
  macs: 1,
  owners4: 1,
  owners6: 1,
  targets6: 1,
};

describe("NftablesFirewall", () => {
  checkLeaks();

  it("remembers until it is installed, and then puts everything into the kernel", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.apply({ add: oneOfEach });
    assert.deepEqual(host.tables(), []);
    firewall.install();
    assert.deepEqual(host.tables(), ["inet causeway", "bridge causeway"]);
    assert.deepEqual(host.elements(), elementsOfEach);
  });

  it("puts what comes later into the kernel at once, and takes it out by its id", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: oneOfEach });
    assert.deepEqual(host.elements(), elementsOfEach);
    firewall.apply({
      remove: {
        networks: [{ networkId: "network1" }],
        ports: [{ endpointId: "endpoint1" }],
        published: [publishedPort(8080)],
      },
    });
    assert.deepEqual(host.elements(), {});
  });

  it("adds twice and removes twice without complaint", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: oneOfEach });
    firewall.apply({ add: oneOfEach });
    assert.deepEqual(host.elements(), elementsOfEach);
    firewall.apply({ remove: oneOfEach });
    firewall.apply({ remove: oneOfEach });
    assert.deepEqual(host.elements(), {});
  });

  it("puts what has the same id and says something else in the place of the old", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: { networks: [networkPolicy(1)] } });
    const changed: NetworkPolicy = networkPolicy(1, { icc: false, ipv6: null });
    firewall.apply({ add: { networks: [changed] } });
    assert.match(host.nft.run("list map inet causeway within"), /"br-1" \. "br-1" : goto apart/);
    assert.equal(host.elements().home6, undefined);
    assert.equal(host.elements().closed, 1);
  });

  it("keeps an element as long as somebody needs it", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: { published: [publishedPort(8080), publishedPort(8081)] } });
    firewall.apply({ remove: { published: [publishedPort(8080)] } });
    assert.deepEqual(host.elements(), { opened4: 1, published_any4: 1 });
    firewall.apply({ remove: { published: [publishedPort(8081)] } });
    assert.deepEqual(host.elements(), {});
  });

  it("moves a host port from one container port to another in one change", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: { published: [publishedPort(8080, 80)] } });
    firewall.apply({
      remove: { published: [publishedPort(8080, 80)] },
      add: { published: [publishedPort(8080, 81)] },
    });
    assert.match(host.nft.run("list map inet causeway published_any4"), /tcp \. 8080 : 172\.30\.1\.2 \. 81/);
  });

  it("changes nothing where a part of the change is refused", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.install();
    firewall.apply({ add: oneOfEach });
    const clash = { published: [publishedPort(9000), publishedPort(8080, 81)] };
    assert.throws(() => firewall.apply({ add: clash }), /published_any4/);
    assert.deepEqual(host.elements(), elementsOfEach);
    const injection = { ...networkPolicy(2), bridge: 'br"; flush ruleset' };
    assert.throws(() => firewall.apply({ add: { networks: [injection] } }), TypeError);
    assert.deepEqual(host.elements(), elementsOfEach);
    // What was refused was forgotten: it is no part of what is installed from now on.
    firewall.install();
    assert.deepEqual(host.elements(), elementsOfEach);
    firewall.apply({ add: { published: [publishedPort(9000)] } });
    assert.equal(host.elements().published_any4, 2);
  });

  it("leaves the operator's sets, maps and chains by their names", () => {
    using host = new Filtered();
    host.open().install();
    const theirs = [
      "set inet causeway user_friends { type ipv4_addr; }",
      "map inet causeway user_ways { type ipv4_addr : verdict; }",
      "chain bridge causeway user_more",
    ];
    host.nft.run(theirs.map((one) => `add ${one}`).join("\n"));
    host.open().install();
    for (const one of theirs) host.nft.list(one.split(" {")[0] ?? "");
  });

  it("leaves what the operator's rules refer to, whatever its name, and fills it anew", () => {
    using host = new Filtered();
    const before = host.open();
    before.apply({ add: { networks: [networkPolicy(1), networkPolicy(2)], published: [publishedPort(1)] } });
    before.setForeignForwarding("drop");
    before.install();
    host.nft.run(
      [
        "add chain inet causeway mine { }",
        "add rule inet causeway mine counter accept",
        "add chain inet causeway hooked { type filter hook forward priority 5; }",
        "add rule inet causeway hooked ip saddr @subnets4 drop",
        "add chain inet causeway user_hooked { type filter hook forward priority 6; }",
        "add rule inet causeway user iifname @bridges jump mine",
        "add rule inet causeway user ip saddr @subnets4 jump opened",
        "add rule inet causeway user ip daddr @subnets4 oifname vmap { lo : goto mine }",
      ].join("\n"),
    );
    const rules = host.nft.run("list chain inet causeway user");
    for (let opened = 0; opened < 3; opened++) {
      const firewall = host.open();
      firewall.apply({ add: oneOfEach });
      firewall.install();
      assert.deepEqual(host.elements(), elementsOfEach);
      assert.equal(host.nft.run("list chain inet causeway user"), rules);
      assert.match(host.nft.run("list chain inet causeway mine"), /accept/);
      assert.throws(() => host.nft.list("chain inet causeway hooked"), { code: "ENOENT" });
      host.nft.list("chain inet causeway user_hooked");
      assert.equal(host.nft.run("list chain inet causeway opened").match(/accept/g)?.length, 2);
      assert.doesNotMatch(host.nft.run("list chain inet causeway foreign"), /drop/);
    }
  });

  it("sweeps what an earlier run left, and what somebody put there", () => {
    using host = new Filtered();
    const before = host.open();
    before.apply({ add: { networks: [networkPolicy(1), networkPolicy(2)], published: [publishedPort(1)] } });
    before.install();
    host.nft.run(
      "add chain inet causeway old\nadd rule inet causeway old drop\nadd rule inet causeway forward jump old\n" +
        "add chain inet causeway users",
    );
    const firewall = host.open();
    firewall.apply({ add: oneOfEach });
    firewall.install();
    assert.deepEqual(host.elements(), elementsOfEach);
    for (const chain of ["old", "users"])
      assert.throws(() => host.nft.list(`chain inet causeway ${chain}`), { code: "ENOENT" });
  });

  it("names five of what is missing, and counts the others", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.apply({ add: { published: [1, 2, 3, 4, 5, 6, 7].map((hostPort) => publishedPort(hostPort)) } });
    firewall.install();
    host.nft.run("flush map inet causeway published_any4");
    const [{ message } = assert.fail()] = firewall.inspect();
    assert.match(message, /^7 elements are missing in our nftables sets: ([^,]*, ){4}[^,]* and 2 more$/);
  });

  it("writes everything anew where somebody flushed the rule set", () => {
    using host = new Filtered();
    const firewall = host.open();
    firewall.apply({ add: oneOfEach });
    firewall.install();
    for (const flush of ["flush ruleset", "flush set inet causeway opened4"]) {
      host.nft.run(flush);
      firewall.apply({ remove: { published: [publishedPort(8080)] } });
      assert.match(host.nft.run("list chain inet causeway forward"), /vmap @into/);
      firewall.apply({ add: { published: [publishedPort(8080)] } });
      assert.deepEqual(host.elements(), elementsOfEach);
    }
  });

  it("refuses another controller's table, and names it and the mend", () => {
    using host = new Filtered();
    host.open().install();
    const second = host.open({ controllerId: "second" });
    const taken = (error: unknown) => {
      assert.ok(error instanceof CausewayError);
      assert.equal(error.kind, "conflict");
      assert.equal(error.code, "firewall_table_taken");
      assert.match(
        error.message,
        /inet causeway belongs to "causeway:first".*another name by options\.firewallTable/,
      );
      return true;
    };
    assert.throws(() => second.install(), taken);
    assert.throws(() => second.uninstall(), taken);
    const elsewhere = host.open({ controllerId: "second", table: "causeway2" });
    elsewhere.apply({ add: oneOfEach });
    elsewhere.install();
    assert.deepEqual(host.elements("causeway2"), elementsOfEach);
    assert.deepEqual(host.elements(), {});
  });

  it("refuses a table that has no owner's name", () => {
    using host = new Filtered();
    host.nft.run("add table bridge causeway\nadd chain bridge causeway theirs");
    assert.throws(() => host.open().install(), { code: "firewall_table_taken" });
    assert.deepEqual(host.tables(), ["bridge causeway"]);
  });

  it("takes everything of ours out, and nothing of others", () => {
    using host = new Filtered();
    host.nft.run("add table inet theirs");
    const firewall = host.open();
    firewall.uninstall();
    firewall.install();
    firewall.uninstall();
    firewall.uninstall();
    assert.deepEqual(host.tables(), ["inet theirs"]);
  });

  it("replaces a live table without a gap for connections that stand", async () => {
    await using stage = await Stage.open();
    const [server] = await stage.addNetwork(1, 1);
    assert.ok(server !== undefined);
    stage.publish(server, 4, { port: 90, hostPort: 8080 });
    const listening = server.namespace.run(() =>
      listenTcp(new InetSockaddr(ipToBytes("0.0.0.0"), "any"), 90, { backlog: 4 }),
    );
    const echo = createServer((connection) => connection.pipe(connection)).listen({
      fd: listening.release(),
    });
    await once(echo, "listening");
    const fd = stage.host.outside.run(() =>
      socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0).release(),
    );
    const client = new Socket({ fd });
    client.connect(8080, hostAddress[4]);
    await once(client, "connect");
    for (let round = 0; round < 5; round++) {
      client.write(`${round}`);
      stage.firewall.install();
      assert.equal(String((await once(client, "data"))[0]), `${round}`);
    }
    client.destroy();
    await new Promise((done) => echo.close(done));
  });

  it("installs a hundred networks and a thousand published ports in one go", () => {
    using host = new Filtered();
    const firewall = host.open();
    const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
    firewall.apply({
      add: {
        networks: numbers(100).map((number) => networkPolicy(number)),
        published: numbers(1000).map((number) => publishedPort(20_000 + number, number)),
      },
    });
    firewall.install();
    assert.equal(host.elements().published_any4, 1000);
    assert.equal(host.elements().into, 200);
  });
});
