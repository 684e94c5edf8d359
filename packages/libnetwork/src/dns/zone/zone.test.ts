import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Membership, SandboxNames, TraceStep } from "../../contracts/names.ts";
import type { Finding } from "./finding.ts";
import { Zone } from "./zone.ts";

interface Given extends Partial<Omit<Membership, "endpointId" | "networkId">> {
  readonly network: string;
}

/** A sandbox in these networks; without names, it goes by its id. */
function sandbox(sandboxId: string, memberships: readonly Given[], more: Partial<SandboxNames> = {}) {
  return {
    sandboxId,
    memberships: memberships.map(({ network, ...given }) => ({
      endpointId: `${sandboxId} in ${network}`,
      networkId: `id of ${network}`,
      networkName: network,
      subnets: [],
      names: [sandboxId],
      ttl: 600,
      ports: [],
      links: {},
      servers: [],
      ...given,
    })),
    extraHosts: [],
    servers: [],
    options: [],
    forwards: true,
    ...more,
  } satisfies SandboxNames;
}

function zoneOf(...sandboxes: readonly SandboxNames[]): Zone {
  const zone = new Zone();
  for (const one of sandboxes) zone.set(one);
  return zone;
}

/** What is told, briefly: addresses, targets and ports, or the kind of what is found. */
function brief(finding: Finding): string {
  if (finding.kind === "private") return `private: ${finding.why}`;
  if (finding.kind === "unknown") return "unknown";
  const texts = finding.answers.map(({ owner, data }) => {
    const value =
      "address" in data
        ? data.address
        : data.type === "SRV"
          ? `${data.port} ${data.target}`
          : data.type === "TXT"
            ? data.texts.join("|")
            : `${data.type} ${data.target}`;
    return owner === undefined ? value : `${owner} ${value}`;
  });
  return [...texts, ...(finding.continues === undefined ? [] : [`... ${finding.continues}`])].join(", ");
}

const web = sandbox("web", [
  { network: "front", ipv4: "10.0.0.2", ipv6: "fd00::2", names: ["web", "WWW", "0123456789ab"] },
]);
const db = sandbox("db", [
  { network: "front", ipv4: "10.0.0.3" },
  { network: "back", ipv4: "10.1.0.3", names: ["db", "store"] },
]);
const stranger = sandbox("stranger", [{ network: "back", ipv4: "10.1.0.9" }]);

describe("Zone", () => {
  it("finds names, aliases and short ids of the networks that a sandbox is in, and nowhere else", () => {
    const zone = zoneOf(web, db, stranger);
    const look = (from: string, name: string, type = "A") => brief(zone.lookUp(from, name, type));
    assert.equal(look("db", "web"), "10.0.0.2");
    assert.equal(look("db", "www"), "10.0.0.2");
    assert.equal(look("db", "0123456789ab"), "10.0.0.2");
    assert.equal(look("db", "web", "AAAA"), "fd00::2");
    assert.equal(look("db", "web", "ANY"), "10.0.0.2, fd00::2");
    assert.equal(look("web", "store"), "private: other network");
    assert.equal(look("web", "web"), "10.0.0.2");
    assert.equal(look("stranger", "web"), "private: other network");
    assert.equal(look("stranger", "web.front"), "private: other network");
    assert.equal(look("nobody", "web"), "unknown");
  });

  it("tells a known name without what is asked for from an unknown one", () => {
    const zone = zoneOf(web, db);
    assert.equal(brief(zone.lookUp("web", "db", "AAAA")), "");
    assert.equal(brief(zone.lookUp("web", "db", "MX")), "");
    assert.equal(brief(zone.lookUp("web", "example.org", "A")), "unknown");
    assert.equal(brief(zone.lookUp("web", "constructor", "A")), "unknown");
  });

  it("asks networks in the order of the sandbox's, or the one that is named", () => {
    const zone = zoneOf(db, sandbox("both", [{ network: "back" }, { network: "front" }]));
    const look = (name: string) => brief(zone.lookUp("both", name, "A"));
    assert.equal(look("db"), "10.1.0.3");
    assert.equal(look("db.front"), "10.0.0.3");
    assert.equal(look("db.back"), "10.1.0.3");
    assert.equal(look("db.elsewhere"), "unknown");
    zone.set(sandbox("api", [{ network: "front", ipv4: "10.0.0.6", names: ["api.local"] }]));
    assert.equal(look("api.local.front"), "10.0.0.6");
  });

  it("forgets at once who has left, and knows who has moved", () => {
    const zone = zoneOf(web, db);
    zone.set({ ...web, memberships: [] });
    assert.equal(brief(zone.lookUp("db", "web", "A")), "unknown");
    zone.set(sandbox("web", [{ network: "front", ipv4: "10.0.0.8" }]));
    assert.equal(brief(zone.lookUp("db", "web", "A")), "10.0.0.8");
    zone.remove("web");
    zone.remove("web");
    assert.equal(brief(zone.lookUp("db", "web", "A")), "unknown");
    assert.equal(brief(zone.lookUp("web", "db", "A")), "unknown");
  });

  it("answers once for who has a name in several cases", () => {
    const zone = zoneOf(
      db,
      sandbox("Both", [{ network: "front", ipv4: "10.0.0.6", names: ["Both", "both"] }]),
    );
    assert.equal(brief(zone.lookUp("db", "both", "A")), "10.0.0.6");
    zone.remove("Both");
    assert.equal(brief(zone.lookUp("db", "both", "A")), "unknown");
  });

  it("knows whose an address is that went from one to another, whoever is told of first", () => {
    const zone = zoneOf(web, db, sandbox("next", [{ network: "front", ipv4: "10.0.0.2" }]));
    zone.remove("web");
    assert.equal(brief(zone.nameOf("db", "10.0.0.2")), "PTR next.front");
    zone.remove("next");
    assert.equal(brief(zone.nameOf("db", "10.0.0.2")), "unknown");
  });

  it("leaves names of several labels in other networks to the servers: they may be anybody's", () => {
    const zone = zoneOf(web, sandbox("site", [{ network: "back", names: ["site", "www.example.org"] }]));
    assert.equal(brief(zone.lookUp("web", "site", "A")), "private: other network");
    assert.equal(brief(zone.lookUp("web", "www.example.org", "A")), "unknown");
  });

  it("keeps what it found until the name changes", () => {
    const zone = zoneOf(web, db);
    const found = zone.lookUp("db", "web", "A");
    assert.equal(zone.lookUp("db", "www", "A") === found, false);
    assert.equal(zone.lookUp("web", "web.front", "A"), found);
    zone.set(stranger);
    assert.equal(zone.lookUp("db", "web", "A"), found);
    zone.set(sandbox("more", [{ network: "front", names: ["web"], ipv4: "10.0.0.7" }]));
    assert.equal(brief(zone.lookUp("db", "web", "A")), "10.0.0.2, 10.0.0.7");
  });

  it("has stars for all names below one, the nearest first, and none for the name itself", () => {
    const zone = zoneOf(
      db,
      sandbox("app", [{ network: "front", ipv4: "10.0.0.5", names: ["app", "*.app.local"] }]),
      sandbox("near", [
        { network: "front", ipv4: "10.0.0.6", names: ["near", "*.x.app.local", "api.app.local"] },
      ]),
    );
    const look = (name: string) => brief(zone.lookUp("db", name, "A"));
    assert.equal(look("one.app.local"), "10.0.0.5");
    assert.equal(look("a.b.app.local"), "10.0.0.5");
    assert.equal(look("a.x.app.local"), "10.0.0.6");
    assert.equal(look("api.app.local"), "10.0.0.6");
    assert.equal(look("app.local"), "unknown");
  });

  it("has links for one sandbox alone", () => {
    const linked = sandbox("linked", [{ network: "front", links: { Base: "DB" } }]);
    const zone = zoneOf(db, web, linked);
    assert.equal(brief(zone.lookUp("linked", "base", "A")), "10.0.0.3");
    assert.equal(brief(zone.lookUp("web", "base", "A")), "unknown");
  });

  it("answers for extra hosts, before all others", () => {
    const zone = zoneOf(
      web,
      sandbox("c", [{ network: "front" }], {
        extraHosts: [
          { name: "Gate", address: "192.168.0.1" },
          { name: "gate", address: "192.168.0.2" },
          { name: "web", address: "fd00::99" },
          { name: "door", address: "192.168.0.2" },
        ],
      }),
    );
    assert.equal(brief(zone.lookUp("c", "gate", "A")), "192.168.0.1, 192.168.0.2");
    assert.equal(brief(zone.lookUp("c", "gate", "AAAA")), "");
    assert.equal(brief(zone.lookUp("c", "gate", "ANY")), "192.168.0.1, 192.168.0.2");
    assert.equal(brief(zone.lookUp("c", "web", "AAAA")), "fd00::99");
    assert.equal(brief(zone.lookUp("c", "web", "A")), "");
    assert.equal(brief(zone.nameOf("c", "192.168.0.2")), "PTR gate");
    assert.equal(brief(zone.lookUp("web", "gate", "A")), "unknown");
  });

  it("names addresses, and asks nobody for those of a network's own subnets", () => {
    const subnets = ["10.0.0.0/24", "fd00::/64"];
    const zone = zoneOf(web, sandbox("c", [{ network: "front", subnets }]));
    assert.equal(brief(zone.nameOf("c", "10.0.0.2")), "PTR web.front");
    assert.equal(brief(zone.nameOf("c", "fd00::2")), "PTR web.front");
    assert.equal(brief(zone.nameOf("c", "10.0.0.77")), "private: address");
    assert.equal(brief(zone.nameOf("c", "fd00::77")), "private: address");
    assert.equal(brief(zone.nameOf("c", "10.0.1.2")), "unknown");
    zone.set(stranger);
    assert.equal(brief(zone.nameOf("stranger", "10.0.0.2")), "private: address");
    zone.remove("c");
    assert.equal(brief(zone.nameOf("stranger", "10.0.0.2")), "unknown");
    zone.set(sandbox("c", [{ network: "front", subnets }]));
    zone.set(sandbox("hidden", [{ network: "front", ipv4: "192.0.2.1", names: [] }]));
    assert.equal(brief(zone.nameOf("c", "192.0.2.1")), "private: address");
  });

  it("answers SRV questions by named ports, with the addresses of whoever has them", () => {
    const ports = [
      { name: "http", protocol: "tcp", port: 8080 },
      { name: "Metrics", protocol: "tcp", port: 9090 },
    ] as const;
    const zone = zoneOf(db, sandbox("site", [{ network: "front", ipv4: "10.0.0.4", ports }]));
    zone.setRecords("id of front", [{ name: "site", data: { type: "TXT", texts: ["a"] }, ttl: 5 }]);
    const found = zone.lookUp("db", "_http._tcp.site", "SRV");
    assert.equal(brief(found), "8080 site");
    assert.ok(found.kind === "found");
    assert.deepEqual(found.additional, [
      { owner: "site", data: { type: "A", address: "10.0.0.4" }, ttl: 600 },
    ]);
    assert.equal(brief(zone.lookUp("db", "_http._tcp.site.front", "SRV")), "8080 site.front");
    assert.equal(brief(zone.lookUp("db", "_metrics._tcp.site", "SRV")), "9090 site");
    assert.equal(brief(zone.lookUp("db", "_http._tcp.site", "ANY")), "8080 site");
    assert.equal(brief(zone.lookUp("db", "_http._udp.site", "SRV")), "");
    assert.equal(
      brief(zone.lookUp("db", "_http._tcp.site", "A")),
      "",
      "known, and without an address of its own",
    );
    assert.equal(brief(zone.lookUp("db", "_http._tcp.nobody", "A")), "unknown");
    assert.equal(brief(zone.lookUp("db", "_http._tcp.nobody", "SRV")), "unknown");
  });

  it("has records that users add, follows aliases, and finds loops", () => {
    const zone = zoneOf(web, db, stranger);
    zone.setRecords("id of front", [
      { name: "note", data: { type: "TXT", texts: ["a", "b"] }, ttl: 5 },
      { name: "Site", data: { type: "CNAME", target: "Web" }, ttl: 5 },
      { name: "outside", data: { type: "CNAME", target: "www.example.org" }, ttl: 5 },
      { name: "a", data: { type: "CNAME", target: "b" }, ttl: 5 },
      { name: "b", data: { type: "CNAME", target: "a" }, ttl: 5 },
      { name: "v", data: { type: "A", address: "10.9.9.9" }, ttl: 5 },
    ]);
    const look = (name: string, type = "A") => brief(zone.lookUp("db", name, type));
    assert.equal(look("note", "TXT"), "a|b");
    assert.equal(look("site"), "CNAME Web, web 10.0.0.2");
    assert.equal(look("site", "CNAME"), "CNAME Web");
    assert.equal(look("site", "ANY"), "CNAME Web");
    assert.equal(look("outside"), "CNAME www.example.org, ... www.example.org");
    assert.equal(look("a"), "CNAME b, b CNAME a");
    assert.equal(look("v"), "10.9.9.9");
    assert.equal(brief(zone.lookUp("stranger", "v", "A")), "unknown");
    zone.setRecords("id of front", []);
    assert.equal(look("v"), "unknown");
  });

  it("follows eight aliases, and no more", () => {
    const zone = zoneOf(web);
    const aliases = Array.from({ length: 9 }, (_, at) => ({
      name: `a${at}`,
      data: { type: "CNAME", target: `a${at + 1}` } as const,
      ttl: 5,
    }));
    zone.setRecords("id of front", [
      ...aliases,
      { name: "a9", data: { type: "A", address: "10.9.9.9" }, ttl: 5 },
    ]);
    const look = (name: string) => brief(zone.lookUp("web", name, "A")).split(", ");
    assert.deepEqual([look("a1").length, look("a1").at(-1)], [9, "a9 10.9.9.9"]);
    assert.deepEqual([look("a0").length, look("a0").at(-1)], [8, "a7 CNAME a8"]);
  });

  it("asks nobody else for what an alias leads to, where it would ask nobody for it by its name", () => {
    const zone = zoneOf(web, stranger, sandbox("c", [{ network: "inner" }], { forwards: false }));
    const records = (target: string) => [{ name: "alias", data: { type: "CNAME", target }, ttl: 5 } as const];
    zone.setRecords("id of front", records("stranger"));
    assert.equal(brief(zone.lookUp("web", "alias", "A")), "CNAME stranger");
    zone.setRecords("id of inner", records("example.org"));
    assert.equal(brief(zone.lookUp("c", "alias", "A")), "CNAME example.org");
  });

  it("tells where it looks: by a name, a link, with the network's name, for a named port or an address", () => {
    const zone = zoneOf(web, sandbox("linked", [{ network: "front", links: { base: "web" } }]));
    const steps: TraceStep[] = [];
    const tell = (step: TraceStep) => steps.push(step);
    for (const name of ["web", "base", "web.front", "_http._tcp.web"]) zone.lookUp("linked", name, "A", tell);
    zone.nameOf("linked", "10.0.0.2", tell);
    assert.deepEqual(
      steps.map((step) => step.at === "network" && `${step.name} ${step.by} ${step.found}`),
      [
        "web name endpoints",
        "web link endpoints",
        "web.front name nothing",
        "web network name endpoints",
        "_http._tcp.web name nothing",
        "web named port endpoints",
        "10.0.0.2 address endpoints",
      ],
    );
  });

  it("asks nobody else for what is in internal networks alone", () => {
    const zone = zoneOf(
      sandbox("c", [{ network: "inner" }], { forwards: false }),
      sandbox("d", [{ network: "inner" }, { network: "front" }]),
    );
    assert.equal(brief(zone.lookUp("c", "example.org", "A")), "private: internal");
    assert.equal(brief(zone.nameOf("c", "8.8.8.8")), "private: internal");
    assert.equal(brief(zone.lookUp("d", "example.org", "A")), "unknown");
  });

  it("asks nobody outside for ports of a name in another network", () => {
    const zone = zoneOf(web, db, stranger);
    const look = (name: string, type: string) => brief(zone.lookUp("stranger", name, type));
    assert.equal(look("_http._tcp.web", "SRV"), "private: other network");
    assert.equal(look("_443._tcp.web.front", "another"), "private: other network");
    assert.equal(look("_http._tcp.example.org", "SRV"), "unknown");
    assert.equal(look("__", "SRV"), "unknown");
  });

  it("takes a network's records in no time by the square of them", () => {
    const zone = zoneOf(web);
    const records = Array.from({ length: 1000 }, (_, at) => ({
      name: `Name-${at}`,
      ttl: 1,
      data: { type: "A", address: "10.0.0.1" } as const,
    }));
    const began = performance.now();
    for (let round = 0; round < 20; round++) zone.setRecords("id of front", records.slice(round));
    assert.ok(performance.now() - began < 400, `${performance.now() - began} ms`);
    assert.equal(brief(zone.lookUp("web", "name-500", "A")), "10.0.0.1");
    assert.equal(brief(zone.lookUp("web", "name-0", "A")), "unknown");
  });
});
