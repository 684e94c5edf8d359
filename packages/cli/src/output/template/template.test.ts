import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileTemplate } from "./template.ts";

const network = {
  Name: "n1",
  ID: "0123456789ab",
  internal: false,
  endpoints: 2,
  pools: [{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64" }],
  labels: { b: "2", a: "1" },
  nothing: undefined,
  Label: (name: unknown) => (name === "a" ? "1" : ""),
};

/** What text/template makes of the same, by its documentation and by Docker's client. */
const table: readonly (readonly [template: string, expected: string])[] = [
  ["plain } text", "plain } text"],
  ["{{.Name}}: {{.ID}}", "n1: 0123456789ab"],
  ["{{ .name }}", "n1"],
  ["{{json .labels}}", '{"a":"1","b":"2"}'],
  ["{{json .Name}}", '"n1"'],
  ["{{.labels}}", "map[a:1 b:2]"],
  ["{{.pools}}", "[map[subnet:10.0.0.0/24] map[subnet:fd00::/64]]"],
  ["{{.nothing}}", "<no value>"],
  ["{{.internal}} {{not .internal}} {{true}}", "false true true"],
  ["{{if .internal}}in{{else}}out{{end}}", "out"],
  ["{{if eq .Name `x`}}x{{else if eq .Name `n1`}}one{{else}}none{{end}}", "one"],
  ["{{range .pools}}[{{.subnet}}]{{end}}", "[10.0.0.0/24][fd00::/64]"],
  ["{{range $i, $p := .pools}}{{$i}}={{$p.subnet}} {{$.Name}};{{end}}", "0=10.0.0.0/24 n1;1=fd00::/64 n1;"],
  ["{{range $k, $v := .labels}}{{$k}}{{$v}}{{end}}", "a1b2"],
  ["{{range .labels}}{{.}}{{end}}", "12"],
  ["{{range .nothing}}x{{else}}none{{end}}", "none"],
  ["{{range .pools}}{{.subnet}}{{break}}{{end}}", "10.0.0.0/24"],
  ["{{range $i, $_ := .pools}}{{if eq $i 0}}{{continue}}{{end}}{{$i}}{{end}}", "1"],
  ["{{with .Name}}<{{.}}>{{end}}{{with .nothing}}x{{else}}y{{end}}", "<n1>y"],
  ["{{(index .pools 0).subnet}}", "10.0.0.0/24"],
  ['{{index .labels "a"}}{{index .labels "z"}}', "1<no value>"],
  ['{{.Label "a"}}{{.Label "z"}}|', "1|"],
  ['{{"a" | .Label}}', "1"],
  ["{{len .pools}} {{len .Name}}", "2 2"],
  [
    '{{printf "%-5s|%5s|%03d|%q|%v%%" .Name .Name .endpoints .Name .internal}}',
    'n1   |   n1|002|"n1"|false%',
  ],
  ['{{printf "%d" .Name}}', "%!d(string=n1)"],
  ['{{join (split "a,b,c" ",") "+"}}', "a+b+c"],
  ["{{upper .Name}} {{.Name | upper | lower | title}}", "N1 N1"],
  ['{{pad .Name 1 2}}|{{truncate "abcdef" 3}}', " n1  |abc"],
  ["{{println .Name .endpoints}}", "n1 2\n"],
  ['{{print "a" 1 2 "b"}}', "a1 2b"],
  ["{{and .Name .endpoints}} {{or .nothing .Name}} {{and .internal .nope}}", "2 n1 false"],
  ["{{eq .endpoints 1 2}} {{ne .Name `n1`}} {{lt 1 2}} {{ge `b` `a`}}", "true false true true"],
  ["{{slice .Name 0 1}}{{slice .Name 1}}", "n1"],
  ["{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"],
  ["{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"],
  ["a {{- /* said to nobody */ -}} b", "ab"],
  ["a {{- .Name -}} b", "an1b"],
  ["{{/* c */}}a", "a"],
  ['{{"\\t\\u0041\\x42\\""}}', '\tAB"'],
];

describe("templates", () => {
  for (const [template, expected] of table) {
    test(template, () => assert.equal(compileTemplate(template)(network), expected));
  }
});

const refused: readonly (readonly [template: string, says: RegExp])[] = [
  ["{{.Nam}}", /no field \.Nam \(did you mean "\.Name"\?\)/],
  ["{{.pools.subnet}}", /a list has no field \.subnet/],
  ["{{.Name.x}}", /"n1" has no field \.x/],
  ["{{uper .Name}}", /no function "uper" \(did you mean "upper"\?\)/],
  ["{{constructor}}", /no function "constructor"/],
  ["{{.__proto__}}", /no field \.__proto__/],
  ["{{.Name", /}} is missing/],
  ["{{if .Name}}x", /{{if}} has no {{end}}/],
  ["{{end}}", /{{end}} has nothing/],
  ["{{}}", /value is missing/],
  ["{{.Name .ID}}", /no function/],
  ['{{"x" .ID}}', /no function/],
  ["{{$x}}", /no variable \$x/],
  ["{{index .pools 7}}", /out of range: there are 2/],
  ["{{lt .Name 1}}", /no order/],
  ["{{json}}", /json takes 1 values, and 0/],
  ["{{template `x`}}", /not supported/],
  ["{{break}}", /outside of {{range}}/],
  ["{{(.Name}}", /parenthesis is not closed/],
  ['{{"abc}}', /quotes is not closed/],
  ["{{range .Name}}{{end}}", /range goes over/],
];

describe("templates that are refused", () => {
  for (const [template, says] of refused) {
    test(template, () => assert.throws(() => compileTemplate(template)(network), says));
  }
});

describe("of any template", () => {
  test("text without an action stays as it is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes("{{"));
        assert.equal(compileTemplate(text)({}), text);
      }),
    );
  });

  test("a field is printed whatever it holds, and JSON comes back", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.equal(typeof compileTemplate("{{.x}}")({ x: value }), "string");
        assert.deepEqual(JSON.parse(compileTemplate("{{json .}}")(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("nonsense is told as wrong usage and nothing else", () => {
    const words = fc.constantFrom(
      ...[
        "{{",
        "}}",
        ".",
        ".Name",
        "$x",
        ":=",
        "|",
        "(",
        ")",
        "range",
        "if",
        "end",
        "else",
        '"a"',
        "1",
        "len",
      ],
      ...[
        "index",
        "with",
        "-",
        "printf",
        "/*",
        "*/",
        "{{-",
        "-}}",
        " ",
        ",",
        "break",
        "json",
        ".pools",
        "true",
      ],
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
        try {
          assert.equal(typeof compileTemplate(parts.join(" "))(network), "string");
        } catch (error) {
          assert.match(String(error), /^CliError: --format/, parts.join(" "));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
