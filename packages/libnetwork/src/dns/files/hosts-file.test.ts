import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsText, isEditedHosts, markedHostname, ownHosts, updatedHosts } from "./hosts-file.ts";

const loopback = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;
const nothing = { hostname: undefined, domainname: undefined, addresses: [], extraHosts: [], links: [] };
const addresses = ["172.30.0.2", "fd00::2"];
const web = ownHosts({ ...nothing, hostname: "web", addresses });
const moved = ownHosts({ ...nothing, hostname: "web", addresses: ["172.30.0.3"] });
const text = hostsText(web);
const first =
  /^# Causeway [0-9a-f]{12} hostname=\S*: these lines change with the sandbox, all others stay\n/m;
const last = "# Causeway: end of its lines\n";
const bare = (hosts: string) => hosts.replace(first, "").replace(last, "");

test("a sandbox without names or addresses has the loopback lines", () => {
  assert.equal(bare(hostsText(ownHosts(nothing))), loopback);
  assert.equal(bare(hostsText(ownHosts({ ...nothing, hostname: "web" }))), loopback);
  assert.equal(bare(hostsText(ownHosts({ ...nothing, domainname: "example.com", addresses }))), loopback);
});

test("each address has a line, full name first, then the extra hosts and links in their order", () => {
  const extraHosts = [
    { name: "db", address: "10.0.0.9" },
    { name: "cache", address: "fd00::9" },
    { name: "db", address: "10.0.0.8" },
  ];
  const links = [{ address: "172.30.0.9", names: ["store", "db1", "0123456789ab"] }];
  const own = ownHosts({ hostname: "web", domainname: "example.com", addresses, extraHosts, links });
  assert.equal(
    bare(hostsText(own)),
    `${loopback}172.30.0.2\tweb.example.com web
fd00::2\tweb.example.com web
10.0.0.9\tdb
fd00::9\tcache
10.0.0.8\tdb
172.30.0.9\tstore db1 0123456789ab
`,
  );
});

test("a hostname may bring its domain along", () => {
  const names = (hostname: string, domainname?: string) =>
    ownHosts({ ...nothing, hostname, domainname, addresses: ["10.0.0.2"] }).lines.join("");
  assert.equal(names("web"), "10.0.0.2\tweb\n");
  assert.equal(names("web", ""), "10.0.0.2\tweb\n");
  assert.equal(names("web.example.com"), "10.0.0.2\tweb.example.com web\n");
});

test("what is ours changes, and nothing else is said then", () => {
  assert.equal(updatedHosts(text, web), text);
  assert.equal(updatedHosts(text, moved), hostsText(moved));
  assert.equal(updatedHosts(hostsText(moved), web), text);
  assert.equal(updatedHosts("", web), text);
  assert.equal(updatedHosts("\n \n", web), text);
  assert.equal(markedHostname(text), "web");
  assert.equal(markedHostname(hostsText(ownHosts(nothing))), "");
  assert.equal(markedHostname("10.0.0.1\tx\n"), undefined);
});

test("empty lines that a killed run left are no edit, and go", () => {
  assert.equal(isEditedHosts(`${text}\n\n\n`), false);
  assert.equal(updatedHosts(`${text}\n\n\n`, moved), hostsText(moved));
});

const edits: Readonly<Record<string, (hosts: string) => string>> = {
  "at the end": (hosts) => `${hosts}10.9.9.9\tmine\n`,
  "at the end, without a newline": (hosts) => `${hosts}10.9.9.9\tmine`,
  "at the beginning": (hosts) => `10.9.9.9\tmine\n${hosts}`,
  "among ours": (hosts) => hosts.replace(last, `10.9.9.9\tmine\n${last}`),
  "in the place of all": () => "10.9.9.9\tmine\n",
  "and the marks taken away": (hosts) => `${bare(hosts)}10.9.9.9\tmine\n`,
  "and the last mark taken away": (hosts) => `${hosts.replace(last, "")}10.9.9.9\tmine\n`,
};
for (const [where, edit] of Object.entries(edits)) {
  test(`a line of somebody else's, ${where}, stays, and ours still change`, () => {
    let there = edit(text);
    assert.equal(isEditedHosts(there), true);
    for (const [now, before] of [
      [moved, web],
      [web, moved],
      [web, web],
    ] as const) {
      there = updatedHosts(there, now, before.lines);
      const lines = there.split("\n");
      assert.equal(lines.filter((line) => line === "10.9.9.9\tmine").length, 1, there);
      for (const line of now.lines) assert.equal(lines.filter((one) => `${one}\n` === line).length, 1, there);
      for (const line of before.lines) if (!now.lines.includes(line)) assert.ok(!there.includes(line), there);
      assert.equal(isEditedHosts(there), true);
    }
  });
}

test("a loopback line that somebody took away does not come back", () => {
  const without = text.replace("::1\tlocalhost ip6-localhost ip6-loopback\n", "");
  assert.equal(isEditedHosts(without), true);
  assert.doesNotMatch(updatedHosts(without, moved), /^::1/m);
});

test("empty lines that others wrote take no time by the square of them", () => {
  const empty = "\n".repeat(200_000);
  const began = performance.now();
  assert.equal(updatedHosts(`${text}${empty}x\n\n\n`, web), `${text}${empty}x\n`);
  assert.ok(performance.now() - began < 2000);
});
