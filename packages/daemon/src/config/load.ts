/**
 * The configuration that holds: defaults, the file over them, the environment over that, flags over all.
 */
import { CausewayError, invalid, messageOf, suggestion } from "@causeway/libnetwork";
import type { DaemonConfig } from "./config.ts";
import { daemonConfigOf, defaultValues } from "./daemon-config.ts";
import { type Setting, variableOf } from "./setting.ts";
import { type SettingName, type SettingValues, settingNames, settingOf } from "./settings.ts";
import { readTomlFile } from "./toml-file.ts";

export const defaultConfigPath = "/etc/causeway/causeway.toml";

/** A flag as it was given; a text for each time. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

export interface Sources {
  /** Of the file. Default: {@link defaultConfigPath}, which may be missing. */
  readonly path?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: GivenFlags;
}

export interface Configuration {
  readonly config: DaemonConfig;
  readonly values: SettingValues;
  /** Where each value comes from: `default`, `FILE:LINE`, a variable, a flag. */
  readonly origins: ReadonlyMap<SettingName, string>;
  /** The file that was read; undefined where there was none. */
  readonly path: string | undefined;
  /** What was said and means nothing, and is no error. */
  readonly warnings: readonly string[];
}

/** Variables of the same beginning that others read. */
const notOurs = /^CAUSEWAY_(CONFIG|HOST|CERT_PATH|MACHINE|PEERS|PACKAGING|OWN_MACHINE)$/;

/** What somebody said of a setting, and where. */
interface Statement {
  readonly name: SettingName;
  readonly value: unknown;
  readonly origin: string;
  readonly problem: (text: string) => string;
}

const byKey = new Map(settingNames.map((name) => [settingOf(name).key, name]));
const byFlag = new Map(settingNames.map((name) => [settingOf(name).flag, name]));
const byVariable = new Map(settingNames.map((name) => [variableOf(settingOf(name)), name]));
const tables = new Set(
  [...byKey].filter(([, name]) => isRecord(settingOf(name).byDefault)).map(([key]) => key),
);

/**
 * Everything that is wrong is told at once, a line each.
 *
 * @throws invalid_configuration, config_not_found, config_unreadable, config_malformed
 */
export function loadConfiguration(sources: Sources): Configuration {
  const problems: string[] = [];
  const warnings: string[] = [];
  const { path, statements: ofFile } = fileStatements(sources.path, problems);
  const statements = [
    ...ofFile,
    ...variableStatements(sources.environment, warnings),
    ...flagStatements(sources.flags, problems),
  ];
  const values: Record<string, unknown> = { ...defaultValues };
  const origins = new Map<SettingName, string>(settingNames.map((name) => [name, "default"]));
  for (const { name, value, origin, problem } of statements) {
    try {
      values[name] = settingOf(name).kind.read(value);
      origins.set(name, origin);
    } catch (error) {
      problems.push(problem(messageOf(error)));
    }
  }
  // Every setting has been read by its own kind.
  const complete = values as unknown as SettingValues;
  const config = attempt(() => daemonConfigOf(complete), problems);
  if (config === undefined || problems.length > 0)
    throw invalid("invalid_configuration", problems.join("\n"), { problems });
  return { config, values: complete, origins, path, warnings };
}

function fileStatements(asked: string | undefined, problems: string[]) {
  const path = asked ?? defaultConfigPath;
  try {
    const statements: Statement[] = [];
    for (const { key, value, line } of readTomlFile(path, tables)) {
      const place = line === undefined ? path : `${path}:${line}`;
      const name = byKey.get(key);
      if (name === undefined)
        problems.push(`${place}: there is no setting "${key}"${suggestion(key, byKey.keys())}`);
      else statements.push({ name, value, origin: place, problem: (text) => `${place}: ${key}: ${text}` });
    }
    return { path, statements };
  } catch (error) {
    const missing = error instanceof CausewayError && error.code === "config_not_found";
    if (missing && asked === undefined) return { path: undefined, statements: [] };
    throw error;
  }
}

function* variableStatements(environment: Sources["environment"], warnings: string[]): Generator<Statement> {
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("CAUSEWAY_") || notOurs.test(variable) || text === undefined) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      warnings.push(`${variable} is no setting${suggestion(variable, byVariable.keys())}`);
      continue;
    }
    const { kind } = settingOf(name);
    const texts = kind.many === true ? text.split(/\s+/).filter((part) => part !== "") : [text];
    yield {
      name,
      value: kind.fromTexts(texts),
      origin: variable,
      problem: (found) => `${variable}: ${found}`,
    };
  }
}

function* flagStatements(flags: GivenFlags, problems: string[]): Generator<Statement> {
  for (const [flag, texts] of flags) {
    const name = byFlag.get(flag);
    if (name === undefined) problems.push(`there is no flag --${flag}${suggestion(flag, byFlag.keys())}`);
    else {
      const value = settingOf(name).kind.fromTexts(texts);
      yield { name, value, origin: `--${flag}`, problem: (found) => `--${flag}: ${found}` };
    }
  }
}

function attempt<T>(action: () => T, problems: string[]): T | undefined {
  try {
    return action();
  } catch (error) {
    problems.push(messageOf(error));
    return undefined;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Settings whose values are not those of before, apart by whether the running daemon can take them up. */
export function changesOf(
  before: SettingValues,
  after: SettingValues,
): {
  readonly taken: readonly Setting<unknown>[];
  readonly restart: readonly Setting<unknown>[];
} {
  const changed = settingNames
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map(settingOf);
  return {
    taken: changed.filter(({ reloads }) => reloads === true),
    restart: changed.filter(({ reloads }) => reloads !== true),
  };
}
