// causeway network, against a daemon.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cliOf } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";
import { wayOut } from "../support/inside.ts";

describe("causeway network", () => {
  test("what is made is listed as a table, as ids, as JSON and by a template", async (t) => {
    const { cli } = await started(t);
    const made = await cli.ok("network", "create", "--label", "team=a", "n1");
    assert.match(made, /^[0-9a-f]{64}\n$/);
    const id = made.trim();
    const [titles = "", ...rows] = (await cli.ok("network", "ls")).trimEnd().split("\n");
    assert.match(titles, /^NETWORK ID {5}NAME +DRIVER +SCOPE +SUBNETS$/);
    assert.ok(
      rows.some((row) => /^[0-9a-f]{12} +n1 +bridge +local +172\.\d+\.0\.0\/16$/.test(row)),
      rows.join(),
    );

    assert.ok((await cli.ok("network", "ls", "--quiet", "--no-trunc")).split("\n").includes(id));
    const listed = JSON.parse(await cli.ok("network", "list", "--json")) as { name: string }[];
    assert.ok(listed.some(({ name }) => name === "n1"));
    const format = '{{.Name}} {{.ID}} {{.IPv6}} {{.Label "team"}}';
    const only = ["network", "ls", "--filter", "name=n1"];
    assert.equal(await cli.ok(...only, "--format", format), `n1 ${id.slice(0, 12)} false a\n`);
    assert.equal(
      await cli.ok(...only, "--format", "table {{.Name}}\\t{{.Driver}}"),
      "NAME   DRIVER\nn1     bridge\n",
    );
    assert.match(await cli.ok(...only, "--format", "json"), /^\{"CreatedAt":.*"Name":"n1".*\}\n$/);
  });

  test("filters of one name are alternatives, of different names all count, labels have to be all there", async (t) => {
    const { cli } = await started(t);
    await cli.ok("network", "create", "--label", "a=1", "--label", "b", "left");
    await cli.ok("network", "create", "--label", "a=2", "--internal", "right");
    const names = async (...filters: readonly string[]) => {
      const words = filters.flatMap((filter) => ["--filter", filter]);
      return (await cli.ok("network", "ls", "--format", "{{.Name}}", ...words))
        .split("\n")
        .filter(Boolean)
        .sort();
    };
    assert.deepEqual(await names("name=left", "name=right"), ["left", "right"]);
    assert.deepEqual(await names("type=custom", "label=b"), ["left"]);
    assert.deepEqual(await names("label=a", "label=b"), ["left"]);
    assert.deepEqual(await names("label=a=2"), ["right"]);
    assert.deepEqual(await names("dangling=true", "driver=bridge"), ["left", "right"]);
    assert.deepEqual(await names("type=builtin", "name=left"), []);
    const slip = await cli.run("network", "ls", "-f", "nam=x");
    assert.deepEqual(
      [slip.code, slip.stderr],
      [2, 'causeway: there is no filter "nam" (did you mean "name"?)\n'],
    );
  });

  test("create puts ranges, gateways and auxiliary addresses to their subnets", async (t) => {
    const { cli } = await started(t);
    const words = ["--subnet", "10.1.0.0/24", "--subnet", "fd00:1::/64", "--ipv6"];
    const more = ["--gateway", "fd00:1::99", "--gateway", "10.1.0.254", "--aux-address", "router=10.1.0.5"];
    await cli.ok("network", "create", ...words, ...more, "n1");
    const shown = '{{range .pools}}{{.subnet}} {{.gateway}} {{index .auxiliaryAddresses "router"}};{{end}}';
    assert.equal(
      await cli.ok("network", "inspect", "--format", shown, "n1"),
      "10.1.0.0/24 10.1.0.254/24 10.1.0.5/24;fd00:1::/64 fd00:1::99/64 <no value>;\n",
    );
    const stray = await cli.run(
      "network",
      "create",
      "--subnet",
      "10.2.0.0/24",
      "--gateway",
      "10.3.0.1",
      "n2",
    );
    assert.equal(stray.code, 2);
    assert.match(stray.stderr, /--gateway 10\.3\.0\.1 is in no --subnet/);
    const overlapping = await cli.run("network", "create", "--subnet", "10.1.0.0/25", "n3");
    assert.equal(overlapping.code, 1, overlapping.stderr);
    assert.match(overlapping.stderr, /^causeway: .*10\.1\.0\.0\/25/);
  });

  test("inspect shows what is there and tells what is not, rm goes on after what is refused", async (t) => {
    const { cli } = await started(t);
    await cli.ok("network", "create", "frontend");
    const inspected = await cli.run("network", "inspect", "frontend", "fronted");
    assert.equal(inspected.code, 3);
    assert.equal((JSON.parse(inspected.stdout) as unknown[]).length, 1);
    assert.match(inspected.stderr, /^causeway: .*"fronted".* \(did you mean "frontend"\?\)\n$/);
    const wrong = await cli.run("network", "inspect", "--format", "{{.nme}}", "frontend");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /no field \.nme \(did you mean "\.name"\?\)/);

    await cli.ok("endpoint", "create", "frontend", "web");
    await cli.ok("network", "create", "other");
    const removed = await cli.run("network", "rm", "frontend", "other");
    assert.equal(removed.code, 1);
    assert.equal(removed.stdout, "other\n");
    assert.match(removed.stderr, /frontend/);
    assert.equal((await cli.run("network", "rm", "other")).code, 3);
    assert.equal((await cli.run("network", "rm", "--force", "other")).code, 0);
  });

  test("prune asks on a terminal only, and keeps what somebody is in", async (t) => {
    const { cli } = await started(t);
    await cli.ok("network", "create", "empty");
    await cli.ok("network", "create", "kept");
    await cli.ok("endpoint", "create", "kept", "web");
    const asked = await cli.run("network", "prune");
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /Remove empty\? Nobody can be asked here: give --force/);
    assert.equal(await cli.ok("network", "prune", "--force", "--filter", "until=1h"), "");
    assert.equal(await cli.ok("network", "prune", "-f"), "Deleted Networks:\nempty\n");
    assert.equal(await cli.ok("network", "prune", "-f"), "");
  });

  test("connect puts a container into a network with a place of its own, disconnect takes it out", async (t) => {
    const { daemon, cli } = await started(t);
    await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "n1");
    await cli.ok("sandbox", "create", "c1");
    await cli.ok("network", "connect", "--ip", "10.1.0.7", "--alias", "db", "n1", "c1");
    const shown = "{{.IPv4}} {{.Sandbox}} {{.Aliases}}";
    assert.equal(await cli.ok("endpoint", "ls", "n1", "--format", shown), "10.1.0.7/24 c1 db\n");
    const slip = await cli.run("network", "connect", "n1", "c2");
    assert.equal(slip.code, 3, slip.stderr);

    await cli.ok("network", "create", "n2");
    const odd = await cli.run("network", "connect", "--driver-opt", "zz=1", "n2", "c1");
    assert.deepEqual([odd.code, /zz/.test(odd.stderr)], [1, true], odd.stderr);
    const settings = [
      "--mac-address",
      "02:42:00:00:00:51",
      "--interface-name",
      "front",
      "--gw-priority",
      "7",
    ];
    await cli.ok("network", "connect", ...settings, "n2", "c1");
    const second = daemon.daemon.controller.networkByName("n2")?.endpointByName("c1");
    assert.deepEqual([second?.mac, second?.info().interfaceName], ["02:42:00:00:00:51", "front"]);
    const c1 = daemon.daemon.controller.sandboxByContainerId("c1");
    assert.ok(c1 !== undefined);
    assert.match(wayOut(c1, 4) ?? "", / by front$/);
    await cli.ok("network", "disconnect", "n2", "c1");
    await cli.ok("network", "disconnect", "n1", "c1");
    assert.equal(await cli.ok("endpoint", "ls", "n1", "-q"), "");
  });

  test("disconnect lets go, by force, of what is left of a container that is gone", async (t) => {
    const { cli } = await started(t);
    await cli.ok("network", "create", "n1");
    await cli.ok("endpoint", "create", "n1", "gone");
    assert.equal((await cli.run("network", "disconnect", "n1", "gone")).code, 3);
    await cli.ok("network", "disconnect", "--force", "n1", "gone");
    assert.equal(await cli.ok("endpoint", "ls", "n1", "-q"), "");
    const none = await cli.run("network", "disconnect", "--force", "n1", "gone");
    assert.deepEqual([none.code, /"gone"/.test(none.stderr)], [3, true], none.stderr);
  });

  test("flags are understood as Docker's users give them", async (t) => {
    const { cli } = await started(t);
    await cli.ok(
      "network",
      "create",
      "--internal=true",
      "--ipv6=false",
      "-d",
      "bridge",
      "-o",
      "com.docker.network.driver.mtu=1400",
      "n1",
    );
    const shown = '{{.Internal}} {{.IPv6}} {{index .driverOptions "com.docker.network.driver.mtu"}}';
    assert.equal(await cli.ok("network", "inspect", "-f", shown, "n1"), "true false 1400\n");
    const refused = await cli.run("network", "connect", "--link-local-ip", "169.254.1.1", "n1", "c1");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--link-local-ip is not supported/);
  });
});

async function started(t: Parameters<typeof TestDaemon.start>[0]) {
  const daemon = await TestDaemon.start(t);
  return { daemon, cli: cliOf(daemon.socket) };
}
