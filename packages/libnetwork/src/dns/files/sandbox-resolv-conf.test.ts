import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { emptyResolvConf, parseResolvConf, type ResolvConf, withoutLocalServers } from "./resolv-conf.ts";
import {
  isEditedResolvConf,
  resolverConfText as resolverConfWithFirstLine,
  resolvConfText as withFirstLine,
} from "./sandbox-resolv-conf.ts";

const firstLine =
  /^# Written by Causeway \([0-9a-f]{12}\): it stays as you change it, and is written again when you empty it\.\n/;
function bare(text: string): string {
  assert.match(text, firstLine);
  return text.replace(firstLine, "");
}
const resolvConfText = (...given: Parameters<typeof withFirstLine>) => bare(withFirstLine(...given));
const resolverConfText = (...given: Parameters<typeof resolverConfWithFirstLine>) =>
  bare(resolverConfWithFirstLine(...given));

const inherit = { dns: [], dnsSearch: [], dnsOptions: [], addresses: ["172.30.0.2"] };
const host = parseResolvConf(`# a comment
nameserver 10.0.0.1
nameserver 2001:db8::53
nameserver fe80::1%eth0
search lan example.com
options edns0 ndots:2
`);

test("a sandbox inherits from the host; IPv6 servers need an IPv6 address", () => {
  assert.equal(
    resolvConfText(host, inherit),
    `nameserver 10.0.0.1
search lan example.com
options edns0 ndots:2
`,
  );
  assert.equal(
    resolvConfText(host, { ...inherit, addresses: ["172.30.0.2", "fd00::2"] }),
    `nameserver 10.0.0.1
nameserver 2001:db8::53
nameserver fe80::1%eth0
search lan example.com
options edns0 ndots:2
`,
  );
});

test("what the sandbox's options give replaces the host's, each for itself", () => {
  assert.equal(
    resolvConfText(host, {
      ...inherit,
      dns: ["127.0.0.1", "2001:db8::1"],
      dnsSearch: ["corp.example"],
      dnsOptions: ["timeout:1"],
    }),
    `nameserver 127.0.0.1
nameserver 2001:db8::1
search corp.example
options timeout:1
`,
  );
  assert.equal(
    resolvConfText(host, { ...inherit, dns: ["10.9.9.9"] }),
    `nameserver 10.9.9.9
search lan example.com
options edns0 ndots:2
`,
  );
});

test('a search list of "." means none', () => {
  assert.equal(
    resolvConfText(host, { ...inherit, dnsSearch: ["."] }),
    `nameserver 10.0.0.1
options edns0 ndots:2
`,
  );
});

test("without a server that can be reached the file names public ones, and says so", () => {
  const ipv6Only = { ...emptyResolvConf, nameservers: ["2001:db8::53"] };
  const ipv4Text = `# The host has no name server that this sandbox can reach: these are public ones.
nameserver 8.8.8.8
nameserver 8.8.4.4
`;
  assert.equal(resolvConfText(emptyResolvConf, inherit), ipv4Text);
  assert.equal(resolvConfText(ipv6Only, inherit), ipv4Text);
  assert.equal(
    resolvConfText(emptyResolvConf, { ...inherit, addresses: ["fd00::2"] }),
    `${ipv4Text}nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n`,
  );
});

test("where the resolver is asked, it alone is named; names are asked for as they are unless ndots says otherwise", () => {
  assert.equal(
    resolverConfText(host, inherit),
    "nameserver 127.0.0.11\nsearch lan example.com\noptions edns0 ndots:2\n",
  );
  assert.equal(resolverConfText(emptyResolvConf, inherit), "nameserver 127.0.0.11\noptions ndots:0\n");
  assert.equal(
    resolverConfText(host, { dnsSearch: ["."], dnsOptions: ["rotate"] }),
    "nameserver 127.0.0.11\noptions rotate ndots:0\n",
  );
});

// The cases of moby's libnetwork/internal/resolvconf (TestRCTransformForLegacyNw, TestRCTransformForIntNS, TestRCModify).
describe("Docker's cases", () => {
  const ipv4 = ["172.30.0.2"];
  const dual = ["172.30.0.2", "fd00::2"];
  const reachable = (text: string) => withoutLocalServers(parseResolvConf(text));
  const serversOf = (conf: ResolvConf, given: { addresses: readonly string[]; dns?: readonly string[] }) =>
    parseResolvConf(withFirstLine(conf, { ...inherit, ...given })).nameservers;
  const public4 = ["8.8.8.8", "8.8.4.4"];
  const public6 = [...public4, "2001:4860:4860::8888", "2001:4860:4860::8844"];
  const cases: readonly (readonly [
    name: string,
    host: readonly string[],
    addresses: readonly string[],
    expected: readonly string[],
  ])[] = [
    ["an IPv4 server", ["10.0.0.1"], ipv4, ["10.0.0.1"]],
    ["both, with IPv6", ["10.0.0.1", "fdb6:b8fe:b528::1"], dual, ["10.0.0.1", "fdb6:b8fe:b528::1"]],
    ["both, without IPv6", ["10.0.0.1", "fdb6:b8fe:b528::1"], ipv4, ["10.0.0.1"]],
    ["loopback, without IPv6", ["127.0.0.53"], ipv4, public4],
    ["loopback, with IPv6", ["127.0.0.53"], dual, public6],
    ["both loopbacks, without IPv6", ["127.0.0.53", "::1"], ipv4, public4],
    ["both loopbacks, with IPv6", ["127.0.0.53", "::1"], dual, public6],
    ["loopback and IPv6, with IPv6", ["127.0.0.53", "fd3e:2d1a:1f5a::1"], dual, ["fd3e:2d1a:1f5a::1"]],
    ["loopback and IPv6, without IPv6", ["127.0.0.53", "fd3e:2d1a:1f5a::1"], ipv4, public4],
    ["no server at all", [], dual, public6],
    ["a server with a zone, which Docker keeps and nobody reaches", ["fe80::1%eth0"], dual, public6],
    ["what is no address", ["1.2.3.4.5", "dns.example"], ipv4, public4],
  ];
  for (const [name, servers, addresses, expected] of cases) {
    test(`in the default network: ${name}`, () => {
      const conf = reachable(servers.map((server) => `nameserver ${server}\n`).join(""));
      assert.deepEqual(serversOf(conf, { addresses }), expected);
    });
  }

  test("servers of the sandbox's own are taken as they are, also of its loopback", () => {
    const dns = ["127.0.0.1", "::1"];
    assert.deepEqual(serversOf(reachable("nameserver 127.0.0.53\n"), { addresses: ipv4, dns }), dns);
  });

  const ndots: readonly (readonly [host: string, own: readonly string[], expected: string])[] = [
    ["", [], "ndots:0"],
    ["options ndots:1", [], "ndots:1"],
    ["options ndots:1", ["ndots:2"], "ndots:2"],
    ["options trust-ad", [], "trust-ad ndots:0"],
    ["options ndots:-1 foo:bar ndots ndots:", [], "foo:bar ndots:0"],
    ["options ndots:1 foo:bar ndots ndots:", [], "ndots:1 foo:bar"],
    ["options edns0\noptions attempts:3", [], "edns0 attempts:3 ndots:0"],
    ["options edns0", ["rotate"], "rotate ndots:0"],
  ];
  for (const [given, own, expected] of ndots) {
    test(`where the resolver is asked: "${given.replace("\n", "; ")}" and ${JSON.stringify(own)} make "${expected}"`, () => {
      const text = resolverConfText(parseResolvConf(given), { dnsSearch: [], dnsOptions: own });
      assert.equal(text, `nameserver 127.0.0.11\noptions ${expected}\n`);
    });
  }

  test("without the resolver a wrong ndots stays as the host has it", () => {
    const conf = parseResolvConf("nameserver 10.0.0.1\noptions ndots:-1\n");
    assert.equal(resolvConfText(conf, inherit), "nameserver 10.0.0.1\noptions ndots:-1\n");
  });

  test("comments go, and directives that nobody knows stay", () => {
    const conf = parseResolvConf(`# one
  ; two
something unexpected
nameserver 10.0.0.1 # three
domain example.com
search
options
nameserver
sortlist 130.155.160.0/255.255.240.0
`);
    const rest = "something unexpected\nsortlist 130.155.160.0/255.255.240.0\n";
    assert.equal(resolvConfText(conf, inherit), `nameserver 10.0.0.1\nsearch example.com\n${rest}`);
    assert.equal(
      resolverConfText(conf, inherit),
      `nameserver 127.0.0.11\nsearch example.com\noptions ndots:0\n${rest}`,
    );
  });
});

test("who changes it is known by the first line, and who empties it has not changed it", () => {
  const text = withFirstLine(host, inherit);
  for (const same of [text, `${text}\n\n`, "", " \n"]) assert.equal(isEditedResolvConf(same), false);
  const changed = [text.replace("10.0.0.1", "10.0.0.2"), `${text}options rotate\n`, "nameserver 9.9.9.9\n"];
  for (const edited of [...changed, text.replace(firstLine, "")])
    assert.equal(isEditedResolvConf(edited), true);
});
