import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsText } from "./hosts-file.ts";

const loopback = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;
const nothing = { hostname: undefined, domainname: undefined, addresses: [], extraHosts: [] };
const addresses = ["172.30.0.2", "fd00::2"];

test("a sandbox without names or addresses has the loopback lines", () => {
  assert.equal(hostsText(nothing), loopback);
  assert.equal(hostsText({ ...nothing, hostname: "web" }), loopback);
  assert.equal(hostsText({ ...nothing, domainname: "example.com", addresses }), loopback);
});

test("each address has a line, full name first, then the extra hosts in their order", () => {
  const extraHosts = [
    { name: "db", address: "10.0.0.9" },
    { name: "cache", address: "fd00::9" },
    { name: "db", address: "10.0.0.8" },
  ];
  assert.equal(
    hostsText({ hostname: "web", domainname: "example.com", addresses, extraHosts }),
    `${loopback}172.30.0.2\tweb.example.com web
fd00::2\tweb.example.com web
10.0.0.9\tdb
fd00::9\tcache
10.0.0.8\tdb
`,
  );
});

test("a hostname may bring its domain along", () => {
  const names = (hostname: string, domainname?: string) =>
    hostsText({ ...nothing, hostname, domainname, addresses: ["10.0.0.2"] }).slice(loopback.length);
  assert.equal(names("web"), "10.0.0.2\tweb\n");
  assert.equal(names("web", ""), "10.0.0.2\tweb\n");
  assert.equal(names("web.example.com"), "10.0.0.2\tweb.example.com web\n");
});
