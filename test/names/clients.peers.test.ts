// What programs of other people make of the resolver: from within sandboxes, with the files that a container has. What nobody here
// knows is asked of Debian's unbound, on the host.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { InetSockaddr, listenTcp } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { attached } from "../support/dns-asker.ts";
import { dig, linesOf, runIn } from "../support/dns-clients.ts";
import { DnsProgram, known } from "../support/dns-programs.ts";
import { dnsHost } from "../support/dns-scene.ts";
import { namespaceOf } from "../support/host.ts";
import { needsPeer } from "../support/peers.ts";

const hostServer = "127.0.0.2";

/** `web` and `db` in a network of both families. */
async function scene(t: TestContext) {
  const { host } = await dnsHost(t, `nameserver ${hostServer}\nsearch example.org\n`);
  const { controller, namespace } = host;
  await controller.newNetwork("bridge", "front", { ipv6: true });
  const [web, db] = [await attached(controller, "web", "front"), await attached(controller, "db", "front")];
  const { ipv4 = "", ipv6 = "" } = db.endpoints()[0]?.record.interface ?? {};
  const bare = (cidr: string) => cidr.replace(/\/\d+$/, "");
  const upstream = await DnsProgram.unbound(namespace, hostServer);
  return { controller, web, db, ipv4: bare(ipv4), ipv6: bare(ipv6), upstream };
}

/** A web server in the sandbox, which counts who comes. */
async function serveHttp(sandbox: Sandbox) {
  using namespace = namespaceOf(sandbox);
  const anywhere = new InetSockaddr(new Uint8Array(16), "::");
  const v4 = new InetSockaddr(new Uint8Array(4), "0.0.0.0");
  const fds = namespace.run(() =>
    [anywhere, v4].map((address) => listenTcp(address, 8080, { backlog: 16 }).release()),
  );
  const paths: string[] = [];
  const servers = fds.map((fd) => {
    const server = createServer((request, response) => {
      paths.push(request.url ?? "");
      response.end("hello\n");
    });
    server.listen({ fd });
    return server;
  });
  await Promise.all(servers.map((server) => once(server, "listening")));
  const close = async () => {
    const closed = servers.map((server) => once(server, "close"));
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    await Promise.all(closed);
  };
  return { paths, [Symbol.asyncDispose]: close };
}

describe("dig", { skip: needsPeer("dig", "unbound") }, () => {
  test("is told of names here: each type, by UDP and TCP, with and without EDNS", async (t) => {
    const { web, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    for (const way of ["+notcp", "+tcp"]) {
      const answers = async (...args: string[]) => {
        const dug = await dig(web, way, ...args);
        assert.match(dug.server, /^127\.0\.0\.11#53/);
        return [dug.status, ...dug.answers];
      };
      assert.deepEqual(await answers("db", "A"), ["NOERROR", `db. A ${ipv4}`]);
      assert.deepEqual(await answers("db", "AAAA"), ["NOERROR", `db. AAAA ${ipv6}`]);
      assert.deepEqual(await answers("db.front", "A"), ["NOERROR", `db.front. A ${ipv4}`]);
      assert.deepEqual((await answers("db", "ANY")).sort(), ["NOERROR", `db. A ${ipv4}`, `db. AAAA ${ipv6}`]);
      for (const address of [ipv4, ipv6]) {
        const [status, pointer, ...more] = await answers("-x", address);
        assert.deepEqual([status, more], ["NOERROR", []]);
        assert.match(pointer ?? "", /arpa\. PTR db\.front\.$/);
      }
      // Known, and without anything of the type: nobody else is asked.
      for (const type of ["TXT", "MX", "SRV", "TYPE65280", "HTTPS"])
        assert.deepEqual(await answers("db", type), ["NOERROR"]);
    }
    const { flags, edns } = await dig(web, "db");
    assert.deepEqual(flags, ["qr", "aa", "rd", "ra"]);
    assert.match(edns ?? "", /^version: 0, flags:; udp: \d+$/);
    assert.equal((await dig(web, "db", "+noedns")).edns, undefined);
    assert.match((await dig(web, "db", "+dnssec")).edns ?? "", /flags: do;/);
    assert.equal((await dig(web, "db", "+edns=1", "+noednsnegotiation")).status, "BADVERS");
    assert.equal(upstream.wasAsked("db"), false);
  });

  test("finds nothing strange: cookies, case, classes, opcodes, options", async (t) => {
    const { web, ipv4, upstream } = await scene(t);
    await using _ = upstream;
    for (const args of [["+cookie"], ["+nocookie"], ["+nsid"], ["+padding=64"], ["+subnet=192.0.2.0/24"]]) {
      const dug = await dig(web, "db", ...args);
      assert.deepEqual(dug.answers, [`db. A ${ipv4}`]);
      assert.doesNotMatch(dug.text, /warning|malformed|mismatch|COOKIE: .*bad/i);
    }
    const { question, answers } = await dig(web, "dB.FrOnT");
    assert.equal(question, "dB.FrOnT. IN A");
    assert.deepEqual(answers, [`dB.FrOnT. A ${ipv4}`]);
    assert.equal((await dig(web, "version.bind", "CH", "TXT")).status, "NOTIMP");
    assert.equal((await dig(web, "db", "+opcode=NOTIFY")).status, "NOTIMP");
    assert.equal((await dig(web, "db", "+opcode=UPDATE")).status, "NOTIMP");
    assert.equal((await dig(web, "db", "+norecurse")).status, "NOERROR");
    assert.equal((await dig(web, "example.org", "AXFR", "+notcp")).answers.length, 0);
    assert.equal((await dig(web, `${"x".repeat(63)}.${"y".repeat(63)}.example.org`)).status, "NXDOMAIN");
  });

  test("has an answer that is too long for UDP again by TCP", async (t) => {
    const { controller, web, upstream } = await scene(t);
    await using _ = upstream;
    const network = controller.networkByName("front");
    assert.ok(network);
    const count = 40;
    for (let index = 0; index < count; index++) {
      const sandbox = await controller.newSandbox(`many${index}`);
      await network.connect(sandbox, `many${index}`, { aliases: ["many"] });
    }
    const cut = await dig(web, "many", "+bufsize=512", "+ignore");
    assert.ok(cut.flags.includes("tc"));
    const whole = await dig(web, "many", "+bufsize=512");
    assert.match(whole.text, /Truncated, retrying in TCP mode/);
    assert.match(whole.server, /\(TCP\)$/);
    assert.equal(whole.answers.length, count);
    assert.equal((await dig(web, "many", "+noedns", "+ignore")).flags.includes("tc"), true);
    const wide = await dig(web, "many", "+bufsize=1232");
    assert.deepEqual([wide.answers.length, wide.flags.includes("tc")], [count, false]);
    assert.match(wide.server, /\(UDP\)$/);
  });

  test("is told of records, links and named ports, and the end of an alias that others know", async (t) => {
    const { controller, web, db, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    const network = controller.networkByName("front");
    assert.ok(network);
    const app = await controller.newSandbox("app");
    await network.connect(app, "app", {
      links: { store: "db" },
      aliases: ["*.app.local"],
      namedPorts: [{ name: "http", port: 8080 }],
    });
    await network.addRecords([
      { name: "note", type: "TXT", texts: ["one two", 'with "quotes"'] },
      { name: "near", type: "CNAME", target: "db" },
      { name: "far", type: "CNAME", target: "www.example.org" },
      { name: "_sip._udp.phone", type: "SRV", port: 5060, target: "db", weight: 7 },
    ]);
    const answers = async (sandbox: Sandbox, ...args: string[]) => (await dig(sandbox, ...args)).answers;
    for (const way of ["+notcp", "+tcp"]) {
      assert.deepEqual(await answers(web, way, "note", "TXT"), ['note. TXT "one two" "with \\"quotes\\""']);
      assert.deepEqual(await answers(web, way, "near"), ["near. CNAME db.", `db. A ${ipv4}`]);
      assert.deepEqual(await answers(web, way, "far"), [
        "far. CNAME www.example.org.",
        `www.example.org. A ${known.ipv4}`,
      ]);
      assert.deepEqual(await answers(web, way, "x.app.local", "AAAA"), aaaaOf(app, "x.app.local"));
      const named = await dig(web, way, "_http._tcp.app", "SRV");
      assert.deepEqual(named.answers, ["_http._tcp.app. SRV 0 0 8080 app."]);
      assert.equal(named.additionals.filter((line) => /^app\. A/.test(line)).length, 2);
    }
    assert.deepEqual(await answers(web, "_sip._udp.phone", "SRV"), ["_sip._udp.phone. SRV 0 7 5060 db."]);
    assert.deepEqual(await answers(app, "store"), [`store. A ${ipv4}`]);
    assert.deepEqual(await answers(db, "store"), []);
    for (const [name, found] of [
      ["near", ipv6],
      ["far", known.ipv6],
    ] as const)
      assert.match((await runIn(web, ["getent", "hosts", name])).output, new RegExp(`^${found} `));

    function aaaaOf(sandbox: Sandbox, name: string) {
      const { ipv6: cidr = "" } = sandbox.endpoints()[0]?.record.interface ?? {};
      return [`${name}. AAAA ${cidr.replace(/\/\d+$/, "")}`];
    }
  });

  test("is told what others know, the long by TCP", async (t) => {
    const { web, upstream } = await scene(t);
    await using _ = upstream;
    const answers = async (...args: string[]) => (await dig(web, ...args)).answers;
    assert.deepEqual(await answers("www.example.org"), [`www.example.org. A ${known.ipv4}`]);
    assert.deepEqual(await answers("www.example.org", "AAAA"), [`www.example.org. AAAA ${known.ipv6}`]);
    assert.deepEqual(await answers("www.example.org", "TXT"), [`www.example.org. TXT "${known.text}"`]);
    assert.deepEqual(await answers("_http._tcp.example.org", "SRV"), [
      "_http._tcp.example.org. SRV 1 2 80 www.example.org.",
    ]);
    assert.deepEqual(await answers("wWw.eXample.org"), [`wWw.eXample.org. A ${known.ipv4}`]);
    assert.equal((await dig(web, "www.example.org", "TYPE65280")).status, "NOERROR");
    assert.equal((await dig(web, "nothing.example.org")).status, "NXDOMAIN");
    for (const [name, count] of [
      ["big.example.org", 6],
      ["huge.example.org", 40],
    ] as const) {
      assert.equal((await dig(web, name, "TXT", "+ignore", "+bufsize=512")).flags.includes("tc"), true);
      for (const args of [["+bufsize=512"], ["+bufsize=4096"], ["+tcp"], ["+noedns"]]) {
        const dug = await dig(web, name, "TXT", ...args);
        assert.equal(dug.answers.length, count, `${name} ${args}`);
        // What came by TCP is kept, and goes by UDP to who has room for it.
        const byUdp = args.includes("+bufsize=4096") && name === "big.example.org";
        assert.match(dug.server, byUdp ? /\(UDP\)$/ : /\(TCP\)$/);
      }
    }
  });
});

describe("glibc", { skip: needsPeer("getent", "unbound", "python3") }, () => {
  test("finds names here and elsewhere, addresses of both families at once, and names of addresses", async (t) => {
    const { web, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    const getent = async (...args: string[]) => linesOf(await runIn(web, ["getent", ...args]));
    assert.deepEqual(await getent("hosts", "db"), [`${ipv6} db`]);
    assert.deepEqual(await getent("ahostsv4", "db"), [`${ipv4} DGRAM`, `${ipv4} RAW`, `${ipv4} STREAM db`]);
    const both = await getent("ahosts", "db");
    assert.deepEqual(
      both.filter((line) => line.includes("STREAM")).map((line) => line.split(" ")[0]),
      [ipv4, ipv6].sort(),
    );
    assert.deepEqual(await getent("hosts", ipv4), [`${ipv4} db.front`]);
    assert.deepEqual(await getent("hosts", ipv6), [`${ipv6} db.front`]);
    assert.equal((await getent("ahostsv4", "www.example.org"))[0], `${known.ipv4} DGRAM`);
    // By the search list, after the name alone.
    assert.deepEqual(await getent("hosts", "www"), [`${known.ipv6} www.example.org`]);
    const missing = await runIn(web, ["getent", "hosts", "nothing"]);
    assert.equal(missing.code, 2);
    assert.equal(upstream.wasAsked("db"), false);
  });

  test("tries search domains first where ndots says so", async (t) => {
    const { controller, upstream } = await scene(t);
    await using _ = upstream;
    const network = controller.networkByName("front");
    assert.ok(network);
    const options = { dnsSearch: ["none.example.org", "example.org"], dnsOptions: ["ndots:2"] };
    const app = await controller.newSandbox("app", options);
    await network.connect(app, "app");
    const getent = async (name: string) => linesOf(await runIn(app, ["getent", "ahostsv4", name]))[0];
    assert.equal(await getent("www"), `${known.ipv4} DGRAM`);
    assert.equal(upstream.wasAsked(" www.none.example.org. a "), true);
    assert.equal(upstream.wasAsked(" www. a "), false);
    assert.equal(await getent("www.example"), undefined);
    assert.equal(upstream.wasAsked(" www.example.none.example.org. a "), true);
    // A name of two dots is asked for as it is.
    assert.equal(await getent("www.example.org"), `${known.ipv4} DGRAM`);
    assert.equal(upstream.wasAsked("www.example.org.none"), false);
  });

  test("asks by TCP alone (use-vc), and without EDNS or with it", async (t) => {
    const { controller, ipv4, upstream } = await scene(t);
    await using _ = upstream;
    const network = controller.networkByName("front");
    assert.ok(network);
    for (const option of [
      "use-vc",
      "edns0",
      "single-request",
      "single-request-reopen",
      "rotate",
      "trust-ad",
    ]) {
      const app = await controller.newSandbox(`app-${option}`, { dnsOptions: [option] });
      await network.connect(app, `app-${option}`);
      const found = linesOf(await runIn(app, ["getent", "ahosts", "db"]));
      assert.ok(found.includes(`${ipv4} STREAM`) || found.includes(`${ipv4} STREAM db`), option);
      const others = linesOf(await runIn(app, ["getent", "ahosts", "www.example.org"]));
      assert.ok(
        others.some((line) => line.startsWith(`${known.ipv4} STREAM`)),
        option,
      );
    }
  });

  test("tells Python's getaddrinfo", async (t) => {
    const { web, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    const program = `
import socket
for name in ("db", "www.example.org"):
    for family in (socket.AF_INET, socket.AF_INET6):
        for found in socket.getaddrinfo(name, 80, family, socket.SOCK_STREAM):
            print(name, found[4][0])
print(socket.gethostbyaddr("${ipv4}")[0])
try:
    socket.getaddrinfo("nothing.example.org", 80)
except socket.gaierror as error:
    print(error.errno == socket.EAI_NONAME)
`;
    assert.deepEqual(
      linesOf(await runIn(web, ["/usr/bin/python3", "-c", program])),
      [
        "True",
        `db ${ipv4}`,
        `db ${ipv6}`,
        "db.front",
        `www.example.org ${known.ipv4}`,
        `www.example.org ${known.ipv6}`,
      ].sort(),
    );
  });
});

describe("busybox", { skip: needsPeer("busybox", "unbound") }, () => {
  test("looks names up, pings and fetches by name", async (t) => {
    const { controller, db, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    await using http = await serveHttp(db);
    const network = controller.networkByName("front");
    assert.ok(network);
    // Its nslookup asks for a name of one label in the search domains only.
    const app = await controller.newSandbox("app", { dnsSearch: ["."] });
    await network.connect(app, "app");
    const busybox = (...args: string[]) => runIn(app, ["busybox", ...args]);
    for (const name of ["db", "db.front"]) {
      const found = linesOf(await busybox("nslookup", name));
      assert.ok(found.includes(`Address: ${ipv4}`) && found.includes(`Address: ${ipv6}`), found.join("\n"));
    }
    assert.match((await busybox("nslookup", ipv4)).output, /name = db\.front/);
    const others = linesOf(await busybox("nslookup", "www.example.org"));
    assert.ok(others.includes(`Address: ${known.ipv4}`));
    assert.match((await busybox("nslookup", "nothing.example.org")).output, /NXDOMAIN/);
    assert.match((await busybox("nslookup", "-type=srv", "_http._tcp.example.org")).output, /1 2 80 www/);
    assert.match((await busybox("ping", "-c1", "-W5", "db")).output, / 0% packet loss/);
    assert.equal((await busybox("wget", "-qO-", "http://db:8080/by-name")).output, "hello\n");
    assert.deepEqual(http.paths, ["/by-name"]);
    assert.equal(upstream.wasAsked("db"), false);
  });
});

const muslProgram = `
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
int main(int count, char **names) {
  for (int i = 1; i < count; i++) {
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    int error = getaddrinfo(names[i], NULL, &hints, &found);
    if (error) { printf("%s %s\\n", names[i], gai_strerror(error)); continue; }
    for (struct addrinfo *one = found; one; one = one->ai_next) {
      char host[NI_MAXHOST];
      getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
      printf("%s %s\\n", names[i], host);
    }
  }
  return 0;
}
`;

describe("musl", { skip: needsPeer("musl-gcc", "unbound") }, () => {
  test("asks for both families at once, and keeps to search and ndots", async (t) => {
    const { controller, web, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    const directory = mkdtempSync(join(tmpdir(), "causeway-musl-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const program = join(directory, "lookup");
    execFileSync("musl-gcc", ["-static", "-x", "c", "-", "-o", program], { input: muslProgram });
    const names = ["db", "db.front", "www.example.org", "www", "nothing.example.org"];
    assert.deepEqual(
      linesOf(await runIn(web, [program, ...names])),
      [
        `db ${ipv4}`,
        `db ${ipv6}`,
        `db.front ${ipv4}`,
        `db.front ${ipv6}`,
        `www.example.org ${known.ipv4}`,
        `www.example.org ${known.ipv6}`,
        // With ndots:0 musl has no use for search domains, in Docker's containers neither.
        "www Name does not resolve",
        "nothing.example.org Name does not resolve",
      ].sort(),
    );
    assert.equal(upstream.wasAsked("db"), false);
    const network = controller.networkByName("front");
    assert.ok(network);
    const app = await controller.newSandbox("app", { dnsOptions: ["ndots:1"] });
    await network.connect(app, "app");
    assert.deepEqual(
      linesOf(await runIn(app, [program, "www", "db"])),
      [`www ${known.ipv4}`, `www ${known.ipv6}`, `db ${ipv4}`, `db ${ipv6}`].sort(),
    );
  });
});

describe("Node.js", { skip: needsPeer("unbound") }, () => {
  test("finds names by getaddrinfo and by c-ares", async (t) => {
    const { web, ipv4, ipv6, upstream } = await scene(t);
    await using _ = upstream;
    const program = `
      import { lookup, Resolver } from "node:dns/promises";
      const resolver = new Resolver();
      const told = {
        servers: resolver.getServers(),
        lookup: (await lookup("db", { all: true })).map(({ address }) => address).sort(),
        a: await resolver.resolve4("db"),
        aaaa: await resolver.resolve6("db"),
        any: (await resolver.resolveAny("db")).map(({ type }) => type).sort(),
        reverse: await resolver.reverse("${ipv4}"),
        none: await resolver.resolveMx("db").catch(({ code }) => code),
        others: await resolver.resolve4("www.example.org", { ttl: true }),
        srv: await resolver.resolveSrv("_http._tcp.example.org"),
        txt: await resolver.resolveTxt("big.example.org").then(({ length }) => length),
        missing: await resolver.resolve4("nothing.example.org").catch(({ code }) => code),
      };
      console.log(JSON.stringify(told));
    `;
    const { output, errors } = await runIn(web, [process.execPath, "--input-type=module", "-e", program]);
    assert.equal(errors, "");
    const told = JSON.parse(output) as { others: readonly { address: string; ttl: number }[] };
    assert.deepEqual(told, {
      servers: ["127.0.0.11"],
      lookup: [ipv4, ipv6].sort(),
      a: [ipv4],
      aaaa: [ipv6],
      any: ["A", "AAAA"],
      reverse: ["db.front"],
      none: "ENODATA",
      others: [{ address: known.ipv4, ttl: told.others[0]?.ttl }],
      srv: [{ name: "www.example.org", port: 80, priority: 1, type: "SRV", weight: 2 }],
      txt: 6,
      missing: "ENOTFOUND",
    });
  });
});

describe("Go", { skip: needsPeer("docker", "unbound") }, () => {
  test("finds a name with its own resolver: Docker's client comes to who is asked for", async (t) => {
    const { web, db, upstream } = await scene(t);
    await using _ = upstream;
    await using http = await serveHttp(db);
    const command = ["docker", "--host", "tcp://db:8080", "version"];
    const { errors } = await runIn(web, command, { env: { GODEBUG: "netdns=go+2" } });
    assert.match(errors, /go package net: hostLookupOrder\(db\) = files,dns/);
    assert.ok(
      http.paths.some((path) => path.endsWith("/_ping") || path.endsWith("/version")),
      errors,
    );
    assert.equal(upstream.wasAsked("db"), false);
  });
});
