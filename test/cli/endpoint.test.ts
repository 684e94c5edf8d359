// causeway endpoint and causeway sandbox, against a daemon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cliOf } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";

test("an endpoint is made, joins, publishes, and goes again", async (t) => {
  const daemon = await TestDaemon.start(t);
  const cli = cliOf(daemon.socket);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "n1");
  await cli.ok(
    "endpoint",
    "create",
    "--ip",
    "10.1.0.7",
    "--alias",
    "db",
    "-p",
    "127.0.0.1:8080:80",
    "n1",
    "web",
  );
  await cli.ok("sandbox", "create", "--hostname", "host1", "c1");
  await cli.ok("endpoint", "join", "n1/web", "c1");
  const shown = "{{.Name}} {{.Network}} {{.IPv4}} {{.Sandbox}} {{.Interface}} {{.Ports}} {{.Aliases}}";
  assert.equal(
    await cli.ok("endpoint", "ls", "n1", "--format", shown),
    "web n1 10.1.0.7/24 c1 eth0 127.0.0.1:8080->80/tcp db\n",
  );
  const [bound] = daemon.daemon.controller.networkByName("n1")?.endpointByName("web")?.bindings ?? [];
  assert.equal(bound?.hostPort, 8080);

  const published = await cli.ok("endpoint", "publish", "web", "127.0.0.1:5353:53/udp");
  assert.deepEqual(published.trim().split("\n").sort(), ["127.0.0.1:5353->53/udp", "127.0.0.1:8080->80/tcp"]);
  assert.equal(await cli.ok("endpoint", "unpublish", "web", "53/udp"), "127.0.0.1:8080->80/tcp\n");
  assert.equal(await cli.ok("endpoint", "unpublish", "--all", "web"), "");

  await cli.ok("network", "create", "n2");
  await cli.ok("endpoint", "create", "n2", "web");
  const ambiguous = await cli.run("endpoint", "inspect", "web");
  assert.equal(ambiguous.code, 2);
  assert.match(ambiguous.stderr, /write n1\/web or n2\/web/);
  assert.equal(await cli.ok("endpoint", "rm", "n2/web"), "n2/web\n");

  assert.match(await cli.ok("sandbox", "ls"), /c1 +ready +web +\//);
  assert.match(
    await cli.ok("sandbox", "inspect", "--statistics", "-f", "{{.interfaces.eth0.rxBytes}}", "c1"),
    /^\d+\n$/,
  );
  await cli.ok("sandbox", "refresh", "--hostname", "host2", "c1");
  assert.match(await cli.ok("stats", "--no-stream", "c1"), /^CONTAINER +INTERFACE .*\nc1 +eth0 +- +- /);
  const absent = await cli.run("stats", "c1", "nosuch");
  assert.deepEqual([absent.code, absent.stdout], [3, ""]);
  assert.match(absent.stderr, /"nosuch"/);
  const busy = await cli.run("endpoint", "rm", "web");
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /force/);
  await cli.ok("endpoint", "leave", "web");
  assert.equal(
    await cli.ok("endpoint", "inspect", "-f", "{{if .sandbox}}in{{else}}out{{end}}", "web"),
    "out\n",
  );
  assert.equal(await cli.ok("endpoint", "rm", "web"), "web\n");
  assert.equal(await cli.ok("sandbox", "rm", "c1"), "c1\n");
  assert.deepEqual(daemon.daemon.controller.sandboxes(), []);
});

test("inspect finds whatever has the name: a container first, a network, an endpoint, or the kind that is asked for", async (t) => {
  const cli = cliOf((await TestDaemon.start(t)).socket);
  await cli.ok("network", "create", "web");
  await cli.ok("network", "create", "other");
  await cli.ok("endpoint", "create", "web", "port");
  /** Each by a field that no other has. */
  const kinds = async (...names: readonly string[]) =>
    (JSON.parse(await cli.ok("inspect", ...names)) as object[]).map((found) =>
      ["kind", "driver", "mac"].findIndex((field) => field in found),
    );
  assert.deepEqual(await kinds("web", "port", "other", "web/port"), [1, 2, 1, 2]);
  await cli.ok("sandbox", "create", "web");
  assert.deepEqual(await kinds("web"), [0]);
  assert.deepEqual(await kinds("--type", "network", "web"), [1]);
  const missing = await cli.run("inspect", "othre");
  assert.deepEqual(
    [missing.code, missing.stdout, missing.stderr],
    [
      3,
      "[]\n",
      'causeway: there is no container, network, endpoint or service "othre" (did you mean "other"?)\n',
    ],
  );
  const wrong = await cli.run("inspect", "--type", "netwrok", "web");
  assert.deepEqual([wrong.code, /did you mean "network"/.test(wrong.stderr)], [2, true], wrong.stderr);
});
