// causeway service, and what endpoints have to do with it, against a daemon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NetNamespace } from "@causeway/kernel";
import { cliOf } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";
import { canConnect, serve } from "../support/traffic.ts";

type Cli = ReturnType<typeof cliOf>;

async function namespaceOf(cli: Cli, sandbox: string): Promise<NetNamespace> {
  return NetNamespace.open((await cli.ok("sandbox", "inspect", sandbox, "--format", "{{.key}}")).trim());
}

test("a service is made, has members, leads to them, and goes again", async (t) => {
  const cli = cliOf((await TestDaemon.start(t)).socket);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "n1");
  const id = await cli.ok(
    "service",
    "create",
    "--ip",
    "10.1.0.99",
    "-p",
    "80:8080",
    "--drain",
    "1s",
    "n1",
    "web",
  );
  assert.match(id, /^[0-9a-f]{64}\n$/);
  await cli.ok("endpoint", "create", "--service", "web", "n1", "m1");
  await cli.ok("sandbox", "create", "c1");
  await cli.ok("endpoint", "join", "m1", "c1");
  await cli.ok("sandbox", "create", "c2");
  await cli.ok("network", "connect", "--service", "web", "--unhealthy", "n1", "c2");
  await cli.ok("sandbox", "create", "client");
  await cli.ok("network", "connect", "n1", "client");

  const row = "{{.Name}} {{.Network}} {{.Mode}} {{.IPv4}} {{.Ports}} {{.Serving}} {{.Members}}";
  const shown = () => cli.ok("service", "ls", "--format", row);
  assert.equal(await shown(), "web n1 vip 10.1.0.99/24 80->8080/tcp 1/2 m1,c2\n");
  assert.match(await cli.ok("service", "ls", "n1"), /^SERVICE ID +NAME +NETWORK +MODE +IPV4 .*SERVING\n/);
  const states = "{{range .members}}{{.endpoint.name}} {{.state}}, {{end}}{{.drainMs}}";
  assert.equal(
    await cli.ok("service", "inspect", "--format", states, "n1/web"),
    "m1 serving, c2 unhealthy, 1000\n",
  );
  assert.equal(
    await cli.ok("endpoint", "ls", "--filter", "service=web", "--format", "{{.Name}} {{.Service}}"),
    "m1 web\nc2 web\n",
  );

  using client = await namespaceOf(cli, "client");
  using member = await namespaceOf(cli, "c1");
  await using _server = await serve(member, { port: 8080 });
  assert.ok(await canConnect(client, "10.1.0.99", 80));
  assert.equal(await canConnect(client, "10.1.0.99", 8080), false);
  await cli.ok("endpoint", "unhealthy", "m1");
  assert.equal(await canConnect(client, "10.1.0.99", 80), false);
  assert.match(await shown(), / 0\/2 /);
  await cli.ok("endpoint", "healthy", "m1", "n1/c2");
  assert.match(await shown(), / 2\/2 /);
  await cli.ok("endpoint", "unhealthy", "c2");
  assert.ok(await canConnect(client, "10.1.0.99", 80));

  const busy = await cli.run("service", "rm", "web");
  assert.deepEqual([busy.code, busy.stdout], [1, ""]);
  assert.match(busy.stderr, /has endpoints: m1, c2; delete them first/);
  await cli.ok("endpoint", "rm", "--force", "m1", "c2");
  assert.equal(await cli.ok("network", "prune", "--force"), "");
  assert.equal(await cli.ok("service", "rm", "web"), "web\n");
  assert.equal(await cli.ok("service", "ls", "--quiet"), "");
});

test("a service is named by its network where several have the name; slips are told with their mend", async (t) => {
  const cli = cliOf((await TestDaemon.start(t)).socket);
  for (const network of ["n1", "n2"]) {
    await cli.ok("network", "create", network);
    await cli.ok("service", "create", "--mode", "dnsrr", network, "db");
  }
  const ambiguous = await cli.run("service", "inspect", "db");
  assert.deepEqual(
    [ambiguous.code, ambiguous.stderr],
    [2, 'causeway: several networks have a service "db": write n1/db or n2/db\n'],
  );
  assert.equal(
    await cli.ok(
      "service",
      "inspect",
      "--format",
      "{{.network.name}} {{if .ipv4}}has one{{else}}none{{end}}",
      "n2/db",
    ),
    "n2 none\n",
  );
  assert.equal(await cli.ok("service", "ls", "--filter", "network=n1", "--format", "{{.Name}}"), "db\n");
  assert.match(await cli.ok("__complete", "service", "rm", ""), /^db$/m);
  const found = await cli.ok("inspect", "--type", "service", "--format", "{{.mode}}", "n1/db");
  assert.equal(found, "dnsrr\n");
  for (const [words, code, says] of [
    [["service", "inspect", "n1/dv"], 3, /no service "dv" \(did you mean "db"\?\)/],
    [["service", "create", "n3", "db"], 3, /network "n3"/],
    [["service", "create", "-p", "80:0", "n1", "x"], 2, /0 is no port/],
    [["service", "create", "-p", "1:2:3:4", "n1", "x"], 2, /HOSTPORT:PORT:TARGET/],
    [["service", "create", "-p", "8000:80:8080", "n1", "x"], 1, /this host's alone/],
    [["service", "create", "-p", "80/sctp", "n1", "x"], 2, /write PORT\[:TARGET\]\[\/tcp\|udp\]/],
    [["service", "create", "--drain", "soon", "n1", "x"], 2, /"soon" is no time/],
    [["service", "create", "--mode", "vpi", "n1", "x"], 2, /vip, dnsrr/],
    [["service", "create", "--mode", "dnsrr", "--ip", "10.0.0.1", "n1", "x"], 1, /mode dnsrr/],
    [["endpoint", "create", "--unhealthy", "n1", "e"], 2, /name it by --service/],
    [["endpoint", "create", "--service", "dv", "n1", "e"], 3, /no service "dv".*make it first/],
    [["service", "ls", "--filter", "moed=vip"], 2, /did you mean "mode"/],
  ] as const) {
    const { code: ended, stderr } = await cli.run(...words);
    assert.equal(ended, code, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, says);
  }
});
