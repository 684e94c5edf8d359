// Runs dependency-cruiser over a workspace with our layering rules, and checks that it saw every file there is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cruise } from "dependency-cruiser";
import { findFiles } from "./files.ts";
import { layerRules } from "./layer-rules.ts";

const FOLDERS = ["packages/*/src", "test", "bench", "examples", "scripts"];

export interface Cruise {
  /** Our own modules that were cruised, as paths below the root. */
  readonly modules: readonly string[];
  /** How many imports between them were looked at. */
  readonly imports: number;
  /** Broken rules and files that were not cruised: one line each. */
  readonly complaints: readonly string[];
}

/** @param root the workspace, absolute */
export async function cruiseWorkspace(root: string): Promise<Cruise> {
  const files = findFiles(
    FOLDERS.map((folder) => `${folder}/**/*.ts`),
    root,
  );
  const rules = layerRules();
  const { output } = await cruise(
    files,
    {
      baseDir: root,
      ruleSet: { forbidden: rules },
      validate: true,
      tsPreCompilationDeps: true,
      doNotFollow: { path: "node_modules" },
    },
    { extensions: [".ts", ".mjs", ".js"], exportsFields: ["exports"], conditionNames: ["node", "import"] },
  );
  if (typeof output === "string") throw new Error(`dependency-cruiser answered with text: ${output}`);

  const comments = new Map(rules.map(({ name, comment }) => [name, comment]));
  const cruised = new Map(output.modules.map((module) => [module.source, module.dependencies]));
  const modules = files.filter((file) => cruised.has(file));
  return {
    modules,
    imports: modules.reduce((sum, file) => sum + (cruised.get(file)?.length ?? 0), 0),
    complaints: [
      ...(files.length === 0 ? [`no source file found below ${root}`] : []),
      ...files.filter((file) => !cruised.has(file)).map((file) => `${file}: was not cruised`),
      ...modules
        .filter((file) => cruised.get(file)?.length === 0 && importsSomething(join(root, file)))
        .map((file) => `${file}: imports, but none was seen`),
      ...output.summary.violations.map(
        ({ from, to, rule, cycle }) =>
          `${from} -> ${cycle ? cycle.map(({ name }) => name).join(" -> ") : to}: ${rule.name} (${comments.get(rule.name)})`,
      ),
    ],
  };
}

// Seen without the parser that dependency-cruiser uses: it once parsed nothing and reported that all is well.
function importsSomething(path: string): boolean {
  return /^(import|export)\b[^"]*?\bfrom "/m.test(readFileSync(path, "utf8"));
}
