import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { showInspected } from "./inspected.ts";
import { showList } from "./listing.ts";
import { makeOutput, type OutputOptions } from "./output.ts";
import { table } from "./table.ts";

describe("colours", () => {
  const paints = (isTTY: boolean, options: OutputOptions) =>
    makeOutput({ isTTY, write: () => true }, () => ({ write: () => true }), options).paint("red", "x") !==
    "x";

  test("come on a terminal, unless somebody does not want them", () => {
    assert.equal(paints(true, {}), true);
    assert.equal(paints(true, { environment: { NO_COLOR: "1" } }), false);
    assert.equal(paints(true, { environment: { NO_COLOR: "" } }), true);
    assert.equal(paints(true, { environment: { TERM: "dumb" } }), false);
    assert.equal(paints(true, { color: false }), false);
  });

  test("come elsewhere by force alone", () => {
    assert.equal(paints(false, {}), false);
    assert.equal(paints(false, { environment: { FORCE_COLOR: "1" } }), true);
    assert.equal(paints(false, { environment: { FORCE_COLOR: "0" } }), false);
    assert.equal(paints(false, { environment: { FORCE_COLOR: "1", NO_COLOR: "1" } }), false);
    assert.equal(paints(false, { color: true, environment: { NO_COLOR: "1" } }), true);
  });
});

test("a list shows no control character that comes from elsewhere", async () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const output = makeOutput({ isTTY: true, write }, () => ({ write }), {});
  const listing = {
    fields: { Name: { title: "NAME", text: (name: string) => name } },
    columns: ["Name"],
    id: String,
  };
  await showList(output, ["eth\u001b[2J\u009bX\u202eY"], listing, {});
  assert.equal(written, "NAME\neth\ufffd[2J\ufffdX\ufffdY\n");
});

describe("a column that a list can do without", () => {
  interface Thing {
    readonly name: string;
    readonly host?: string;
  }
  const listing = {
    fields: {
      Name: { title: "NAME", text: ({ name }: Thing) => name },
      Host: { title: "HOST", text: ({ host = "" }: Thing) => host },
    },
    columns: ["Host", "Name"],
    spare: ["Host"],
    id: ({ name }: Thing) => name,
  };
  const shown = async (things: readonly Thing[]): Promise<string> => {
    let written = "";
    const write = (text: string) => {
      written += text;
    };
    await showList(
      makeOutput({ write }, () => ({ write })),
      things,
      listing,
      {},
    );
    return written;
  };

  test("is left out where nothing has anything there", async () => {
    assert.equal(await shown([{ name: "a" }, { name: "b" }]), "NAME\na\nb\n");
    assert.equal(await shown([]), "NAME\n");
  });

  test("is shown where one has", async () => {
    assert.equal(await shown([{ name: "a" }, { name: "b", host: "h" }]), "HOST   NAME\n       a\nh      b\n");
  });
});

test("what is inspected shows none either", () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const output = makeOutput({ write }, () => ({ write }));
  showInspected(output, [{ gateway: "\u009b2J\u202e" }], {}, []);
  assert.equal(written, '[\n    {\n        "gateway": "\\u009b2J\\u202e"\n    }\n]\n');
});

describe("a table", () => {
  const rows = [
    ["ID", "NAME", "SUBNETS"],
    ["1", "a-long-name-of-a-network", "10.0.0.0/24"],
    ["22", "b", ""],
  ];

  test("is not cut on a terminal that does not know how wide it is", () => {
    const width = (columns: number) =>
      makeOutput({ isTTY: true, columns, write: () => true }, () => ({ write: () => true })).width;
    assert.deepEqual([width(0), width(40)], [undefined, 40]);
  });

  test("is as wide as it is where nobody says how wide it may be", () => {
    assert.equal(
      table(rows),
      "ID   NAME                       SUBNETS\n1    a-long-name-of-a-network   10.0.0.0/24\n22   b\n",
    );
  });

  test("is cut where it is widest, to fit the terminal", () => {
    const lines = table(rows, { width: 35 }).trimEnd().split("\n");
    assert.deepEqual(lines, [
      "ID   NAME               SUBNETS",
      "1    a-long-name-of-…   10.0.0.0/24",
      "22   b",
    ]);
  });

  test("is not cut to nothing, and counts colours as nothing", () => {
    assert.match(table(rows, { width: 5 }), /a-long-…/);
    const colored = table([
      ["A", "B"],
      ["\u001b[31mred\u001b[0m", "x"],
    ]);
    assert.equal(colored, "A     B\n\u001b[31mred\u001b[0m   x\n");
  });
});
