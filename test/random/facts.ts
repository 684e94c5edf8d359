// What the kernel holds, of a picture of the host: as much of it as the oracle knows to foretell.

/** Links that go, and what is on them, are left out: the reaper takes them in its own time, and at a script's end they must be gone. */
export function kernelFacts(picture: readonly string[]): readonly string[] {
  const going = new Set(picture.flatMap(goingLink));
  return picture
    .flatMap((line) => {
      for (const [pattern, fact] of patterns) {
        const found = line.match(pattern);
        if (found?.groups === undefined) continue;
        const { where = "host", on = "" } = found.groups;
        if (going.has(`${where} ${on}`) || on === "lo" || where.includes("nobody")) return [];
        return fact(found.groups);
      }
      return [];
    })
    .sort();
}

function goingLink(line: string): string[] {
  const [, where, name] = line.match(/^(host|sandbox \([^)]*\)) link (\S+) .* down alias/) ?? [];
  return where === undefined || name === "lo" ? [] : [`${where} ${name}`];
}

type Groups = Readonly<Record<string, string>>;

const where = String.raw`(?<where>host|sandbox \([^)]*\))`;

/** Patterns of a picture's lines, and what is told of them. */
const patterns: readonly (readonly [RegExp, (found: Groups) => string[]])[] = [
  [/^host link (?<on>\S+) .* of (?<master>\S+) /, ({ on, master }) => [`host link ${on} of ${master}`]],
  [
    /^(?<where>sandbox \([^)]*\)) link (?<on>\S+) \S+ mac (?<mac>\S+) /,
    (found) => [`${found.where} link ${found.on} mac ${found.mac}`],
  ],
  [
    new RegExp(`^${where} address (?<cidr>\\S+) on (?<on>.+)$`),
    (found) => [`${found.where} address ${found.cidr} on ${found.on}`],
  ],
  [
    /^(?<where>sandbox \([^)]*\)) route unicast default via (?<via>\S+) by (?<on>\S+) .*table (?<table>\S+)$/,
    (found) => [`${found.where} route default via ${found.via} by ${found.on} table ${found.table}`],
  ],
  [
    /^(?<where>sandbox \([^)]*\)) rule (?<family>IPv[46]) (?<priority>1000[01]) from (?<from>[^/ ]+)\S* table (?<table>\S+) /,
    (found) => [
      `${found.where} rule ${found.family} ${found.priority} from ${found.from} table ${found.table}`,
    ],
  ],
  [/^host port (?<port>.*)$/, ({ port }) => [`host port ${port}`]],
  [/^(?<where>sandbox \([^)]*\)) sysctl net\/ipv4\/ip_forward 0$/, (found) => [`${found.where}`]],
  [/^folder sandboxes\/(?<name>.+)$/, ({ name }) => [`folder ${name}`]],
  [
    /^file sandboxes\/(?<name>\(.*\))\/hosts (?<text>".*")$/,
    ({ name, text }) => [`hosts ${name} ${ownHosts(text)}`],
  ],
  [/^host element \S+ causeway within (?<element>.*)$/, ({ element }) => [withinFact(element)]],
  [
    /^host element \S+ causeway (?<set>bridges|guarded) (?<element>.*)$/,
    ({ set, element }) => [`nft ${set} ${element}`],
  ],
  [
    /^host element \S+ causeway (?<set>macs|owners[46]|opened[46]|published(?:_any)?[46]) (?<element>.*)$/,
    ({ set, element }) => [`nft ${set} ${flat(element)}`],
  ],
];

/** The lines of a hosts file besides those of the loopback and the marks around ours. */
function ownHosts(json: string | undefined): string {
  const lines = String(JSON.parse(json ?? '""'))
    .trim()
    .split("\n")
    .slice(6)
    .filter((line) => !line.startsWith("#"));
  return lines.map((line) => line.replace("\t", " ")).join(", ");
}

/** The texts and numbers of an element, in their order. */
function flat(json: string | undefined): string {
  const parts: string[] = [];
  JSON.parse(json ?? "null", (_key, value: unknown) => {
    if (typeof value === "string" || typeof value === "number") parts.push(String(value));
    return value;
  });
  return parts.join(" ");
}

function withinFact(json: string | undefined): string {
  const [bridge = ""] = (json ?? "").match(/br\([^)]*\)/) ?? [];
  return `nft within ${json?.includes('"accept"') ? "accept" : "apart"} ${bridge}`;
}
