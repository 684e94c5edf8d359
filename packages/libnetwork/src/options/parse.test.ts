import assert from "node:assert/strict";
import { test } from "node:test";
import { invalid } from "../errors.ts";
import {
  boolean,
  booleanText,
  integer,
  integerText,
  listOf,
  objectOf,
  oneOf,
  opaque,
  type Parser,
  parseObject,
  recordOf,
  string,
  textBy,
} from "./parse.ts";

const upperCase = textBy((text) => {
  if (text === "") throw invalid("empty", "it is empty: write something", text);
  return text.toUpperCase();
});
const table = {
  name: string,
  on: boolean,
  size: integer(1, 10),
  inner: objectOf({ list: listOf(upperCase) }),
};

test("an object by its table: what is undefined is absent, and nothing is added", () => {
  assert.deepEqual(parseObject(table, { name: "n", on: false, size: 3, inner: { list: ["a"] } }, "options"), {
    name: "n",
    on: false,
    size: 3,
    inner: { list: ["A"] },
  });
  assert.deepEqual(parseObject(table, { name: undefined }, "options"), {});
  assert.deepEqual(parseObject(table, undefined, "options"), {});
});

test("errors say where: the whole way to the option", () => {
  const parse = (value: unknown) => () => parseObject(table, value, "options");
  assert.throws(parse({ size: 11 }), {
    code: "invalid_option",
    kind: "invalid",
    message: "options.size: 11 is not a whole number from 1 to 10",
    detail: { option: "options.size", value: "11" },
  });
  assert.throws(parse({ inner: { list: ["a", 7] } }), /options\.inner\.list\[1\]: 7 is not a text/);
  assert.throws(parse({ inner: { list: ["a", ""] } }), {
    code: "empty",
    message: "options.inner.list[1]: it is empty: write something",
    detail: "",
  });
  assert.throws(parse({ inner: { lst: [] } }), {
    code: "unknown_option",
    message: 'options.inner: there is no option "lst" (did you mean "list"?)',
    detail: { option: "lst", known: ["list"] },
  });
  assert.throws(parse({ port: 1 }), /options: there is no option "port": there are name, on, size, inner$/);
  assert.throws(
    parse({ inner: { list: "a" } }),
    /options\.inner\.list: "a" is not a list: put \[ \] around it$/,
  );
});

test("what an object inherits is no option", () => {
  for (const name of ["toString", "__proto__", "constructor"]) {
    const value: unknown = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`);
    assert.throws(() => parseObject(table, value, "options"), { code: "unknown_option" }, name);
  }
});

test("long and odd values are shown short", () => {
  const shown = (value: unknown) => {
    try {
      string(value, "option");
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  };
  assert.equal(shown(["x".repeat(200)]).length, "option: ".length + 80 + " is not a text".length);
  assert.match(
    shown(() => 1),
    /option: a function is not/,
  );
  assert.match(shown(Symbol("s")), /option: a symbol is not/);
  assert.match(shown(new Map()), /option: an object of class Map is not/);
  assert.match(shown(Object.create(null)), /option: {} is not/);
  assert.match(shown(7n), /option: 7n is not/);
  assert.match(shown(undefined), /option: undefined is not/);
});

test("values that JSON has not got are shown all the same", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const spiteful = {
    toJSON: () => {
      throw new RangeError("no");
    },
    [Symbol.for("nodejs.util.inspect.custom")]: () => {
      throw new RangeError("no");
    },
  };
  const shown: readonly (readonly [unknown, RegExp])[] = [
    [cyclic, /^o: <ref \*1> \{ self: \[Circular \*1\] \} is not/],
    [{ port: 80n }, /^o: \{ port: 80n \} is not/],
    [spiteful, /^o: \{ ?toJSON: .* is not/],
    [{ toJSON: () => undefined }, /^o: \{ toJSON: .* is not/],
    [Object.create(null), /^o: \{\} is not/],
  ];
  const parsers = [
    string,
    boolean,
    booleanText,
    integer(1, 2),
    integerText(1, 2),
    oneOf("a", "b"),
    listOf(string),
  ];
  for (const parse of parsers) {
    for (const [value, message] of shown) {
      assert.throws(() => parse(value, "o"), { code: "invalid_option", message });
    }
  }
  assert.throws(() => boolean([80n], "o"), { code: "invalid_option", message: /^o: \[ 80n \] is not/ });
  assert.throws(() => objectOf({})(80n, "o"), {
    code: "invalid_option",
    message: /^o: 80n is not an object/,
  });
});

const samples: Readonly<Record<string, readonly [Parser<unknown>, readonly unknown[], readonly unknown[]]>> =
  {
    string: [string, ["", "a"], [1, null, undefined, {}, ["a"]]],
    boolean: [boolean, [true, false], ["true", 0, null]],
    "integer(-1, 3)": [integer(-1, 3), [-1, 0, 3], [-2, 4, 1.5, "1", Number.NaN, 1n]],
    "oneOf(a, b)": [oneOf("a", "b"), ["a", "b"], ["c", "A", undefined, 1]],
    "listOf(string)": [listOf(string), [[], ["a"]], ["a", {}, [1], null]],
    "recordOf(string)": [recordOf(string), [{}, { a: "b" }], [[], "a", { a: 1 }, null]],
    "objectOf({})": [objectOf({}), [{}], [{ a: 1 }, [], null, "a"]],
    opaque: [opaque, [1, "a", null, undefined], []],
  };
for (const [name, [parser, good, bad]] of Object.entries(samples)) {
  test(`${name} takes what it is, and nothing else`, () => {
    for (const value of good) assert.deepEqual(parser(value, "option"), value);
    for (const value of bad) assert.throws(() => parser(value, "option"), { kind: "invalid" }, String(value));
  });
}

test("texts of booleans as Go's strconv.ParseBool reads them, and of whole numbers", () => {
  for (const text of ["1", "t", "T", "true", "TRUE", "True", true])
    assert.equal(booleanText(text, "o"), true);
  for (const text of ["0", "f", "F", "false", "FALSE", false]) assert.equal(booleanText(text, "o"), false);
  for (const text of ["yes", "", "truee", 1, null]) {
    assert.throws(() => booleanText(text, "o"), { code: "invalid_option" });
  }
  const port = integerText(0, 100);
  assert.deepEqual([port("7", "o"), port("007", "o"), port(7, "o")], [7, 7, 7]);
  for (const text of ["101", "-1", "7.0", " 7", "", "0x7"]) {
    assert.throws(() => port(text, "o"), { code: "invalid_option" }, text);
  }
});

test("oneOf suggests", () => {
  assert.throws(
    () => oneOf("nat", "routed")("natt", "mode"),
    /mode: "natt" is not one of nat, routed \(did you mean "nat"\?\)/,
  );
});
