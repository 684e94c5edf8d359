// What is to be reached by whom: the expectation for every cell of the isolation matrix.
//
// A row is a question for `at`, NAME:PORT; a column is who asks. Names are those of plan.ts; the name of a network is also
// that of the host's address in it; `link`, `group` and `broadcast` are what every link has, `wire` is the broadcast address of another. A cell says which address the asked one sees the question come from: `own` (the
// asker's), or the name of another; `heard`: it arrives, and nobody waits for an answer; `no`: nothing arrives. `no/own` is
// for IPv4 / IPv6. All of it holds whatever net.bridge.bridge-nf-call-iptables is.

import { type Protocol, protocols } from "./plan.ts";

export interface Row {
  readonly what: string;
  readonly at: string;
  /** By asker: for IPv4 and IPv6. */
  readonly expected: ReadonlyMap<string, readonly [string, string]>;
}

export interface Table {
  readonly title: string;
  readonly askers: readonly string[];
  readonly protocols: readonly Protocol[];
  readonly rows: readonly Row[];
}

function table(title: string, text: string, by: readonly Protocol[] = protocols): Table {
  const [head = [], ...lines] = text
    .trim()
    .split("\n")
    .map((line) => line.split("|").map((cell, at) => (at === 0 ? cell.trimEnd() : cell.trim())));
  const askers = head.slice(2);
  const rows = lines.map(([what = "", at = "", ...cells]) => {
    if (cells.length !== askers.length) throw new Error(`${title}: "${what}" has not a cell for each asker`);
    return { what, at, expected: new Map(askers.map((asker, at) => [asker, pair(cells[at] ?? "")])) };
  });
  return { title, askers, protocols: by, rows };
}

function pair(cell: string): readonly [string, string] {
  const [ipv4 = "", ipv6 = ipv4] = cell.split("/");
  return [ipv4, ipv6];
}

export const tables: readonly Table[] = [
  table(
    "Published ports of `web`, in the network `front`; `friend` is behind a trusted interface",
    `
asked for                  | at            | web   | sibling | stranger | plain | locked | hermit | smuggler | host     | outside | friend
published on every address | host1:8080    | front | front   | front    | own   | no     | no     | front/no | host1    | own     | own
                           | host2:8080    | front | front   | front    | own   | no     | no     | front/no | host2    | own     | own
                           | front:8080    | front | front   | no       | no    | no     | no     | no       | front    | own     | own
                           | other:8080    | no    | no      | front    | no    | no     | no     | no       | front    | own     | own
                           | internal:8080 | no    | no      | no       | no    | no     | no     | no       | internal | own     | own
                           | loopback:8080 | no    | no      | no       | no    | no     | no     | no       | front    | no      | no
  its own port             | web:80        | own   | own     | no       | no    | no     | no     | no       | front    | no      | own
published on the loopback  | loopback:8082 | no    | no      | no       | no    | no     | no     | no       | front    | no      | no
                           | host1:8082    | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
                           | front:8082    | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
  its own port             | web:82        | own   | own     | no       | no    | no     | no     | no       | front    | no      | no
published on host1         | host1:8083    | front | front   | front    | own   | no     | no     | front/no | host1    | own     | own
                           | host2:8083    | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
                           | front:8083    | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
                           | loopback:8083 | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
  its own port             | web:83        | own   | own     | no       | no    | no     | no     | no       | front    | no      | own
not published              | web:81        | own   | own     | no       | no    | no     | no     | no       | front    | no      | no
                           | host1:81      | no    | no      | no       | no    | no     | no     | no       | no       | no      | no
`,
  ),
  table(
    "Internal networks: `internal`, and `isolated` in which the host has no address",
    `
asked for | at        | locked | cellmate | hermit | monk | web | open | plain | smuggler | host     | outside | friend
internal  | locked:80 | own    | own      | no     | no   | no  | no   | no    | no       | internal | no      | no
isolated  | hermit:80 | no     | no       | own    | own  | no  | no   | no    | no       | no       | no      | no
`,
  ),
  table(
    "The network `quiet`, with icc off",
    `
asked for                   | at         | shy   | neighbour | sibling | host  | outside | friend
its own port, published     | shy:80     | own   | no        | no      | quiet | no      | no
its own port, not published | shy:81     | own   | no        | no      | quiet | no      | no
published on every address  | host1:8090 | quiet | quiet     | quiet   | host1 | own     | own
                            | quiet:8090 | quiet | quiet     | no      | quiet | own     | own
`,
  ),
  table(
    "Gateway modes: `open` in `unprotected`, `plain` in `routed`",
    `
asked for                  | at         | open        | plain | sibling     | locked | host        | outside | friend
nat-unprotected, published | open:80    | own         | no    | no          | no     | unprotected | own     | own
  not published            | open:81    | own         | no    | no          | no     | unprotected | own     | own
  on every address         | host1:8091 | unprotected | own   | unprotected | no     | host1       | own     | own
routed, published          | plain:80   | routed      | own   | routed      | no     | routed      | own     | own
  not published            | plain:81   | no          | own   | no          | no     | routed      | no      | no
  on every address         | host1:8095 | no          | no    | no          | no     | no          | no      | no
`,
  ),
  table(
    "The way out",
    `
asked for                  | at           | sibling | neighbour | open  | plain | known  | bare | locked | hermit | smuggler | host  | outside | friend
another machine            | outside:80   | host1   | host1     | host1 | own   | source | own  | no     | no     | host1/no | host1 | own     | no
  at a port published here | outside:8080 | host1   | host1     | host1 | own   | source | own  | no     | no     | host1/no | host1 | own     | no
                           | friend:80    | host2   | host2     | host2 | own   | source | own  | no     | no     | host2/no | host2 | no      | own
`,
  ),
  table(
    "Services of the host itself: on every address (9003), in `front` (9001), on the loopback (9002)",
    `
asked for                | at            | sibling | stranger | neighbour | plain | locked | hermit | smuggler | host     | outside
an address of the host   | host1:9003    | own     | own      | own       | own   | no     | no     | own/no   | host1    | own
its address in a network | front:9003    | own     | no       | no        | no    | no     | no     | no       | front    | own
                         | front:9001    | own     | no       | no        | no    | no     | no     | no       | front    | own
                         | other:9003    | no      | own      | no        | no    | no     | no     | no       | other    | own
  internal               | internal:9003 | no      | no       | no        | no    | own    | no     | no       | internal | own
its loopback             | loopback:9003 | no      | no       | no        | no    | no     | no     | no       | loopback | no
                         | loopback:9002 | no      | no       | no        | no    | no     | no     | no       | loopback | no
`,
  ),
  table(
    "What a sandbox sends to the host by addresses of the link, UDP",
    `
asked for                  | at             | sibling  | stranger | neighbour | locked   | hermit | smuggler
the bridge's own           | link:9003      | no/heard | no/heard | no/heard  | no/heard | no     | no
every node                 | group:9003     | heard    | heard    | heard     | heard    | no     | heard/no
                           | broadcast:9003 | heard/no | heard/no | heard/no  | heard/no | no     | heard/no
every node of another wire | wire:9003      | heard/no | heard/no | heard/no  | no       | no     | heard/no
`,
    ["udp"],
  ),
];
