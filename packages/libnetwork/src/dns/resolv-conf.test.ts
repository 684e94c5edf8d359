import assert from "node:assert/strict";
import { test } from "node:test";
import {
  emptyResolvConf,
  parseResolvConf,
  resolvConfText,
  resolverConfText,
  withoutLocalServers,
} from "./resolv-conf.ts";

const inherit = { dns: [], dnsSearch: [], dnsOptions: [], addresses: ["172.30.0.2"] };
const host = parseResolvConf(`# a comment
nameserver 10.0.0.1
nameserver 2001:db8::53
nameserver fe80::1%eth0
search lan example.com
options edns0 ndots:2
`);

test("parsing keeps valid servers, the last search list and all options", () => {
  const conf = parseResolvConf(`; comment
  nameserver   10.0.0.1   trailing
nameserver fe80::1%eth0
nameserver dns.example.com
nameserver
#nameserver 10.0.0.2
sortlist 130.155.160.0
domain old.example.com
search a.example.com\tb.example.com\r
options edns0
options ndots:2 rotate`);
  assert.deepEqual(conf, {
    nameservers: ["10.0.0.1", "fe80::1%eth0"],
    search: ["a.example.com", "b.example.com"],
    options: ["edns0", "ndots:2", "rotate"],
  });
  assert.deepEqual(parseResolvConf(""), emptyResolvConf);
});

test("servers on the host's loopback are of no use to a sandbox, in whatever form they are written", () => {
  const local = ["127.0.0.1", "127.0.0.53", "::1", "0:0:0:0:0:0:0:1", "0.0.0.0", "::", "::ffff:127.0.0.1"];
  const remote = ["126.255.255.255", "128.0.0.1", "::2", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%lo"];
  const conf = { ...host, nameservers: [...local, ...remote] };
  assert.deepEqual(withoutLocalServers(conf), { ...host, nameservers: remote });
});

test("a sandbox inherits from the host; IPv6 servers need an IPv6 address", () => {
  assert.equal(
    resolvConfText(host, inherit),
    `# Written by Causeway.
nameserver 10.0.0.1
search lan example.com
options edns0 ndots:2
`,
  );
  assert.equal(
    resolvConfText(host, { ...inherit, addresses: ["172.30.0.2", "fd00::2"] }),
    `# Written by Causeway.
nameserver 10.0.0.1
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
    `# Written by Causeway.
nameserver 127.0.0.1
nameserver 2001:db8::1
search corp.example
options timeout:1
`,
  );
  assert.equal(
    resolvConfText(host, { ...inherit, dns: ["10.9.9.9"] }),
    `# Written by Causeway.
nameserver 10.9.9.9
search lan example.com
options edns0 ndots:2
`,
  );
});

test('a search list of "." means none', () => {
  assert.equal(
    resolvConfText(host, { ...inherit, dnsSearch: ["."] }),
    `# Written by Causeway.
nameserver 10.0.0.1
options edns0 ndots:2
`,
  );
});

test("without a server that can be reached the file names public ones, and says so", () => {
  const ipv6Only = { ...emptyResolvConf, nameservers: ["2001:db8::53"] };
  const ipv4Text = `# Written by Causeway.
# The host has no name server that this sandbox can reach: these are public ones.
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
    "# Written by Causeway.\nnameserver 127.0.0.11\nsearch lan example.com\noptions edns0 ndots:2\n",
  );
  assert.equal(
    resolverConfText(emptyResolvConf, inherit),
    "# Written by Causeway.\nnameserver 127.0.0.11\noptions ndots:0\n",
  );
  assert.equal(
    resolverConfText(host, { dnsSearch: ["."], dnsOptions: ["rotate"] }),
    "# Written by Causeway.\nnameserver 127.0.0.11\noptions rotate ndots:0\n",
  );
});
