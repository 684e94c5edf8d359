/**
 * The table of settings as texts: help for flags, the example file, the guide's table, and what holds.
 */
import type { Configuration } from "./load.ts";
import { type Setting, variableOf } from "./setting.ts";
import { settingNames, settingOf } from "./settings.ts";

const all = settingNames.map(settingOf);

/** A line for each flag, for `causeway daemon --help`. */
export function flagHelp(): string {
  const heads = all.map(({ flag, kind }) =>
    kind.shape === "BOOLEAN" ? `--[no-]${flag}` : `--${flag} ${kind.shape}`,
  );
  const width = 34;
  return all
    .map((setting, at) => {
      const head = `  ${heads[at]}`;
      const gap = head.length < width ? head.padEnd(width) : `${head}\n${" ".repeat(width)}`;
      return `${gap}${setting.about}${defaultWords(setting)}`;
    })
    .join("\n");
}

function defaultWords({ byDefault, kind }: Setting<unknown>): string {
  const isPlain = ["string", "number", "boolean"].includes(typeof byDefault);
  return isPlain && kind.shape !== "BOOLEAN" ? ` [${byDefault}]` : byDefault === true ? " [on]" : "";
}

/** Every setting with what it is for, each commented out. */
export function exampleFile(): string {
  const lines = [
    "# What can be set of `causeway daemon`. Every setting is shown with its default, or, where it has none, with an example.",
    "# The environment (CAUSEWAY_STATE_DIR for state-dir) and flags (--state-dir) go before this file.",
    "# `causeway daemon --validate` checks it; SIGHUP (`systemctl reload causeway`) takes up what is marked (reload).",
  ];
  let table = "";
  for (const setting of all) {
    const [group, name] = partsOf(setting.key);
    if (group !== table) lines.push("", `[${group}]`);
    table = group;
    const shown = setting.example ?? setting.byDefault;
    lines.push("", `# ${setting.about}${setting.reloads === true ? " (reload)" : ""}`);
    lines.push(`#${name} = ${setting.kind.toToml(shown)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** For the guide, in Markdown. */
export function settingsTable(): string {
  const rows = all.map((setting) => {
    const { key, flag, kind, byDefault, about, reloads } = setting;
    const shown = byDefault === undefined ? "" : `\`${kind.toToml(byDefault)}\``;
    const cells = [
      `\`${key}\``,
      `\`--${flag}\``,
      `\`${variableOf(setting)}\``,
      shown,
      reloads === true ? "yes" : "",
      about,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [
    "| in the file | flag | variable | default | reload | |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** Every setting with its value and where that comes from, as TOML that could be a file. */
export function whatHolds({ values, origins }: Configuration): string {
  const lines: string[] = [];
  let table = "";
  for (const name of settingNames) {
    const setting = settingOf(name);
    const [group, key] = partsOf(setting.key);
    if (group !== table) lines.push(`[${group}]`);
    table = group;
    const value: unknown = values[name];
    const written = value === undefined ? `#${key} is not set` : `${key} = ${setting.kind.toToml(value)}`;
    lines.push(origins.get(name) === "default" ? written : `${written}  # ${origins.get(name)}`);
  }
  return `${lines.join("\n")}\n`;
}

function partsOf(key: string): readonly [group: string, name: string] {
  const at = key.indexOf(".");
  return at < 0 ? ["", key] : [key.slice(0, at), key.slice(at + 1)];
}
