import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { defaultValues } from "./daemon-config.ts";
import { loadConfiguration } from "./load.ts";
import { settingNames, settingOf } from "./settings.ts";
import { exampleFile, flagHelp, settingsTable, whatHolds } from "./texts.ts";

const root = join(import.meta.dirname, "../../../..");

function loaded(text: string) {
  const directory = mkdtempSync(join(tmpdir(), "causeway-config-"));
  try {
    const path = join(directory, "causeway.toml");
    writeFileSync(path, text);
    return loadConfiguration({ path, environment: {}, flags: new Map() });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it("the packaged example is what `causeway daemon --example` prints", () => {
  assert.equal(readFileSync(join(root, "packaging/causeway.toml"), "utf8"), exampleFile());
});

it("the example says nothing as it is, and something that can be read when its comments are taken away", () => {
  assert.deepEqual(loaded(exampleFile()).values, defaultValues);
  const { origins } = loaded(exampleFile().replaceAll(/^#(?! )/gm, ""));
  assert.deepEqual(
    [...origins].filter(([, origin]) => origin === "default"),
    [],
  );
});

it("the guide has the table of settings", () => {
  assert.ok(
    readFileSync(join(root, "docs/guide/daemon.md"), "utf8").includes(settingsTable()),
    settingsTable(),
  );
});

it("help tells of every flag", () => {
  for (const { flag } of settingNames.map(settingOf))
    assert.match(flagHelp(), new RegExp(`--(\\[no-\\])?${flag}\\b`));
});

it("what holds could be a file, and means the same", () => {
  const configuration = loaded(
    `[network]\nwarm-namespaces = 7\n[default-network]\ndriver-options = { mtu = 1400 }\n`,
  );
  assert.match(whatHolds(configuration), /^warm-namespaces = 7 {2}# .*causeway.toml:2$/m);
  assert.deepEqual(loaded(whatHolds(configuration)).values, configuration.values);
});
