import assert from "node:assert/strict";
import { it } from "node:test";
import { parseCommandLine } from "./command-line.ts";

it("takes values behind a blank or an equals sign, switches, and a flag several times", () => {
  const args = [
    "--config",
    "/c",
    "--socket=/s",
    "--no-self-heal",
    "--trust-group",
    "--log-level",
    "debug",
    "--validate",
  ];
  const { path, validate, help, flags } = parseCommandLine([...args, "--log-level=info"]);
  assert.deepEqual({ path, validate, help }, { path: "/c", validate: true, help: false });
  assert.deepEqual(
    [...flags],
    [
      ["socket", ["/s"]],
      ["self-heal", ["false"]],
      ["trust-group", ["true"]],
      ["log-level", ["debug", "info"]],
    ],
  );
});

it("names the nearest flag, a missing value, and what is no flag", () => {
  const refused = (...args: string[]) => assert.throws.bind(undefined, () => parseCommandLine(args));
  refused("--sockett=/x")({
    code: "invalid_usage",
    message: 'there is no flag --sockett=/x (did you mean "--socket"?)',
  });
  refused("--socket")({ code: "invalid_usage", message: /a value is missing/ });
  refused("start")({ code: "invalid_usage", message: /flags begin with --/ });
  refused("--no-socket=/x")({ code: "invalid_usage" });
  refused("--no-self-heal=true")({ code: "invalid_usage", message: /takes no value/ });
});
