/**
 * The arguments of `causeway daemon`.
 */
import { invalid, suggestion } from "@causeway/libnetwork";
import { type GivenFlags, settingNames, settingOf } from "../config/index.ts";

export interface CommandLine {
  /** Of the configuration file. */
  readonly path: string | undefined;
  readonly validate: boolean;
  readonly help: boolean;
  readonly example: boolean;
  readonly flags: GivenFlags;
}

const switches = ["validate", "help", "example"];
const own = ["config", ...switches];
const booleans = new Set(
  settingNames.map(settingOf).flatMap(({ flag, kind }) => (kind.shape === "BOOLEAN" ? [flag] : [])),
);
const known = [...own, ...settingNames.map((name) => settingOf(name).flag)];

/** @throws invalid_usage */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const flags = new Map<string, string[]>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, negated, name = "", given] =
      /^--(no-)?([\w-]+)(?:=([\s\S]*))?$/.exec(arg === "-h" ? "--help" : arg) ?? [];
    const flag = negated === undefined || booleans.has(name) ? name : `no-${name}`;
    if (!known.includes(flag)) throw unknownArgument(arg, flag);
    const isSwitch = booleans.has(flag) || switches.includes(flag);
    const value = isSwitch ? (given ?? String(negated === undefined)) : (given ?? rest.shift());
    if (value === undefined || (negated !== undefined && given !== undefined))
      throw invalid(
        "invalid_usage",
        `${arg}: ${value === undefined ? "a value is missing behind it" : "it takes no value"}`,
      );
    flags.set(flag, [...(flags.get(flag) ?? []), value]);
  }
  const path = flags.get("config")?.at(-1);
  const isOn = (name: string) => flags.get(name)?.at(-1) === "true";
  const [validate, help, example] = [isOn("validate"), isOn("help"), isOn("example")];
  for (const name of own) flags.delete(name);
  return { path, validate, help, example, flags };
}

function unknownArgument(arg: string, flag: string): Error {
  const hint = flag === "" ? ": flags begin with --" : suggestion(flag, known).replace('"', '"--');
  return invalid("invalid_usage", `there is no flag ${arg}${hint}`, arg);
}
