// causeway dns, and the options of names in other commands, against a daemon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cliOf } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";
import { look } from "../support/dns-asker.ts";
import { DnsServer } from "../support/dns-server.ts";

async function started(t: Parameters<typeof TestDaemon.start>[0]) {
  const daemon = await TestDaemon.start(t, { controller: { resolver: true } });
  const sandbox = (containerId: string) => {
    const found = daemon.daemon.controller.findSandbox(containerId);
    assert.ok(found);
    return found;
  };
  return { cli: cliOf(daemon.socket), sandbox, daemon };
}

test("records are added, listed beside the endpoints' names, and taken away", async (t) => {
  const { cli, sandbox } = await started(t);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "--dns-ttl", "30", "n1");
  await cli.ok("sandbox", "create", "c1");
  const names = ["--alias", "www", "--named-port", "http=8080", "--named-port", "sip=5060/udp"];
  await cli.ok("network", "connect", "--ip", "10.1.0.7", ...names, "n1", "c1");
  assert.equal(
    await cli.ok("dns", "add", "--ttl", "5", "n1", "db", "a", "192.0.2.1", "192.0.2.2"),
    "db 5 A 192.0.2.1\ndb 5 A 192.0.2.2\n",
  );
  await cli.ok("dns", "add", "n1", "db", "TXT", "hello you");
  await cli.ok("dns", "add", "n1", "_x._tcp.db", "SRV", "1", "2", "3", "c1");
  const shown = "{{.Name}} {{.Type}} {{.TTL}} {{.Value}} {{.Network}} {{.Source}}";
  assert.deepEqual((await cli.ok("dns", "ls", "--format", shown)).trimEnd().split("\n"), [
    "c1 A 30 10.1.0.7 n1 endpoint",
    "www A 30 10.1.0.7 n1 endpoint",
    "_http._tcp.c1 SRV 30 0 0 8080 c1 n1 endpoint",
    "_sip._udp.c1 SRV 30 0 0 5060 c1 n1 endpoint",
    "db A 5 192.0.2.1 n1 record",
    "db A 5 192.0.2.2 n1 record",
    'db TXT 600 "hello you" n1 record',
    "_x._tcp.db SRV 600 1 2 3 c1 n1 record",
  ]);
  assert.match(await cli.ok("dns", "ls", "n1"), /^NETWORK +NAME +TYPE +TTL +VALUE +OF\n/);
  assert.equal(await cli.ok("dns", "ls", "-q", "-f", "of=record", "-f", "type=txt", "n1"), "db\n");
  assert.equal(await look(sandbox("c1"), "db"), "192.0.2.1 192.0.2.2");

  assert.equal(
    await cli.ok("dns", "rm", "n1", "DB", "A", "192.0.2.1"),
    'db 5 A 192.0.2.2\ndb 600 TXT "hello you"\n',
  );
  assert.equal(await cli.ok("dns", "rm", "n1", "db"), "");
  assert.equal(await look(sandbox("c1"), "db"), "SERVFAIL");
  assert.match(await cli.ok("__complete", "dns", "add", "n1", "db", ""), /^A\nAAAA\nCNAME\n/);
  assert.match(await cli.ok("__complete", "dns", "lookup", ""), /^c1\n$/);
  for (const [words, code, says] of [
    [["rm", "n1", "db"], 3, /no record like/],
    [["add", "n1", "db", "AAA", "::1"], 2, /did you mean "AAAA"/],
    [["add", "n1", "db", "A", "::1"], 1, /::1/],
    [["add", "n2", "db", "A", "10.0.0.1"], 3, /"n2".*did you mean "n1"/],
    [["add", "host", "db", "A", "10.0.0.1"], 1, /names are not answered/],
    [["ls", "-f", "typ=A"], 2, /did you mean "type"/],
  ] as const) {
    const refused = await cli.run("dns", ...words);
    assert.deepEqual([refused.code, refused.stdout], [code, ""], refused.stderr);
    assert.match(refused.stderr, says);
  }
});

test("what an endpoint is called and calls others changes while it is there, and a sandbox is hidden and shown", async (t) => {
  const { cli, sandbox } = await started(t);
  // Nobody outside is asked from an internal network.
  await cli.ok("network", "create", "--internal", "n1");
  for (const name of ["web", "db"]) {
    await cli.ok("sandbox", "create", name);
    await cli.ok("network", "connect", "n1", name);
  }
  const address = (name: string) => sandbox(name).endpoints()[0]?.ipv4?.split("/")[0] ?? "";
  const ask = (name: string) => look(sandbox("web"), name);
  assert.equal(await ask("sql"), "NXDOMAIN");
  const changed = await cli.ok("endpoint", "names", "--alias", "sql", "--named-port", "pg=5432", "db");
  assert.equal(changed.trim(), sandbox("db").endpoints()[0]?.id);
  await cli.ok("endpoint", "names", "--link", "db:store", "web");
  assert.deepEqual([await ask("sql"), await ask("store")], [address("db"), address("db")]);
  await cli.ok("endpoint", "names", "--clear-aliases", "db");
  await cli.ok("endpoint", "names", "--clear-links", "web");
  assert.deepEqual([await ask("sql"), await ask("store")], ["NXDOMAIN", "NXDOMAIN"]);
  assert.match(await cli.ok("dns", "ls", "n1"), /_pg\._tcp\.db/);
  const idle = await cli.run("endpoint", "names", "db");
  assert.deepEqual([idle.code, idle.stdout], [2, ""]);
  const both = await cli.run("endpoint", "names", "--alias", "x", "--clear-aliases", "db");
  assert.equal(both.code, 2);

  await cli.ok("sandbox", "hide", "db");
  assert.equal(await ask("db"), "NXDOMAIN");
  await cli.ok("sandbox", "show", "db");
  assert.equal(await ask("db"), address("db"));

  await cli.ok("sandbox", "hosts", "web", "gate:192.0.2.9");
  assert.equal(await ask("gate"), "192.0.2.9");
  await cli.ok("sandbox", "hosts", "web");
  assert.equal(await ask("gate"), "NXDOMAIN");
  const odd = await cli.run("sandbox", "hosts", "web", "gate");
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /"gate" is not of the form name:address/);
});

test("a question is answered as in the sandbox, and its trace says how, and why not", async (t) => {
  const { cli, sandbox } = await started(t);
  await cli.ok("network", "create", "front");
  await cli.ok("network", "create", "back");
  for (const [name, network] of [
    ["web", "front"],
    ["db", "front"],
    ["hidden", "back"],
  ] as const) {
    await cli.ok("sandbox", "create", name);
    await cli.ok("network", "connect", network, name);
  }
  const address = sandbox("db").endpoints()[0]?.ipv4?.split("/")[0] ?? "";
  assert.equal(await cli.ok("dns", "lookup", "-q", "web", "db"), `${address}\n`);
  assert.match(
    await cli.ok("dns", "lookup", "web", "db"),
    new RegExp(`^NAME +TYPE +TTL +VALUE\ndb +A +0 +${address}\n$`),
  );
  assert.equal(await cli.ok("dns", "lookup", "--format", "{{.Value}}", "web", address), "db.front\n");
  const none = await cli.run("dns", "lookup", "--type", "aaaa", "web", "db");
  assert.deepEqual([none.code, none.stdout], [1, ""]);
  assert.match(none.stderr, /"db" is there, and has no AAAA record/);
  const missing = await cli.run("dns", "lookup", "--json", "web", "hidden");
  assert.deepEqual([missing.code, JSON.parse(missing.stdout).rcode], [1, "NXDOMAIN"]);

  assert.match(
    await cli.ok("dns", "trace", "web", "db"),
    /^1\. network front: endpoint db, by the name "db"\ndb 0 A [\d.]+\nfound in [\d.]+ ms\n$/,
  );
  const elsewhere = await cli.run("dns", "trace", "web", "hidden");
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stdout, /nobody outside is asked: it is a name in a network of this host/);
  assert.match(elsewhere.stdout, /there is no such name \(NXDOMAIN\); put both into one network/);
  assert.equal(await cli.ok("dns", "trace", "-f", "{{.rcode}} {{len .steps}}", "web", "db"), "NOERROR 1\n");
  for (const [words, code, says] of [
    [["trace", "wbe", "db"], 3, /"wbe".*did you mean "web"/],
    [["trace", "web", "db", "--type", "NONSENSE"], 1, /no type of records "NONSENSE"/],
    [["lookup", "web"], 2, /missing required argument/],
  ] as const) {
    const refused = await cli.run("dns", ...words);
    assert.deepEqual([refused.code, refused.stdout], [code, ""], refused.stderr);
    assert.match(refused.stderr, says);
  }
});

test("a trace tells which name server answered, which was silent, and for how long", async (t) => {
  const { cli, sandbox } = await started(t);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "front");
  await cli.ok("sandbox", "create", "server");
  await cli.ok("network", "connect", "--ip", "10.1.0.53", "front", "server");
  await using _ = await DnsServer.start(sandbox("server"), ({ name }) =>
    name === "www.example.org" ? [{ type: "A", name, ttl: 300, data: "192.0.2.7" }] : 3,
  );
  await cli.ok("sandbox", "create", "--dns", "10.1.0.99", "--dns", "10.1.0.53", "asker");
  await cli.ok("network", "connect", "front", "asker");
  const told = await cli.ok("dns", "trace", "asker", "www.example.org");
  assert.match(told, /name server 10\.1\.0\.99, asked from the sandbox by UDP: .* (\d+|\d\.\d) ms\n/);
  assert.match(
    told,
    /name server 10\.1\.0\.53, asked from the sandbox by UDP: answered NOERROR after [\d.]+ ms\n/,
  );
  assert.match(told, /\nwww\.example\.org 300 A 192\.0\.2\.7\nfound in \d+ ms\n$/);
  assert.match(await cli.ok("dns", "trace", "asker", "www.example.org"), /others have been asked before/);

  await cli.ok("network", "create", "--subnet", "10.2.0.0/24", "--dns", "10.1.0.53", "served");
  await cli.ok("sandbox", "create", "second");
  await cli.ok("network", "connect", "served", "second");
  assert.match(
    await cli.ok("dns", "trace", "second", "www.example.org"),
    /10\.1\.0\.53, asked from the host/,
  );
});

test("links, aliases and named ports of an endpoint, and the host's address, are given as options", async (t) => {
  const { cli, sandbox } = await started(t);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "n1");
  for (const name of ["web", "other"])
    await cli.ok("sandbox", "create", "--add-host", "host.internal:host-gateway", name);
  await cli.ok(
    "endpoint",
    "create",
    "--alias",
    "*.app.local",
    "--named-port",
    "http=80",
    "--ip",
    "10.1.0.7",
    "n1",
    "web",
  );
  await cli.ok("endpoint", "join", "web", "web");
  await cli.ok("network", "connect", "--link", "web:shop", "--link", "web", "n1", "other");
  assert.equal(await look(sandbox("other"), "shop"), "10.1.0.7");
  assert.equal(await look(sandbox("other"), "a.app.local"), "10.1.0.7");
  assert.equal(await look(sandbox("web"), "shop"), "SERVFAIL");
  assert.match(await cli.ok("dns", "lookup", "-q", "other", "_http._tcp.web"), /^0 0 80 web\n/);
  assert.match(
    await cli.ok("dns", "trace", "other", "shop"),
    /endpoint web, by a link of this sandbox to "web"/,
  );
  assert.equal(await look(sandbox("web"), "host.internal"), "10.1.0.1");
  for (const [words, says] of [
    [["--link", ":x"], /--link ":x" is not of the form NAME\[:ALIAS\]/],
    [["--named-port", "http"], /--named-port "http" is not of the form NAME=PORT/],
    [["--named-port", "http=99999"], /no port/],
    [["--named-port", "http=80/icmp"], /NAME=PORT/],
  ] as const) {
    const refused = await cli.run("network", "connect", ...words, "n1", "c1");
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, says);
  }
});
