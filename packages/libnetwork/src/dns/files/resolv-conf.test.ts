import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyResolvConf, parseResolvConf, withoutLocalServers } from "./resolv-conf.ts";

test("parsing keeps valid servers, the last search list and all options", () => {
  const conf = parseResolvConf(`; comment
  nameserver   10.0.0.1   trailing
nameserver fe80::1%eth0
nameserver dns.example.com
nameserver 10.0.0.1%eth0
nameserver fe80::1%
nameserver 1.2.3.4.5
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
    others: ["sortlist 130.155.160.0"],
  });
  assert.deepEqual(parseResolvConf(""), emptyResolvConf);
});

test("servers on the host's loopback, or behind an interface of its, are of no use to a sandbox, in whatever form they are written", () => {
  const local = [
    "127.0.0.1",
    "127.0.0.53",
    "::1",
    "0:0:0:0:0:0:0:1",
    "0.0.0.0",
    "::",
    "::ffff:127.0.0.1",
    "fe80::1%eth0",
  ];
  const remote = ["126.255.255.255", "128.0.0.1", "::2", "2001:db8::1", "::ffff:10.0.0.1"];
  const others = { search: ["lan"], options: ["edns0"], others: [] };
  const conf = { ...others, nameservers: [...local, ...remote] };
  assert.deepEqual(withoutLocalServers(conf), { ...others, nameservers: remote });
});
