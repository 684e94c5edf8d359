// npm run layers: are imports between rooms and packages as lib/layer-rules.ts says? Fails when anything was not looked at.

import { cruiseWorkspace } from "./lib/cruise.ts";
import { ROOT } from "./lib/files.ts";
import { layerRules } from "./lib/layer-rules.ts";

const { modules, imports, complaints } = await cruiseWorkspace(ROOT);
for (const [folder, count] of Map.groupBy(modules, topFolder))
  console.log(`${folder}: ${count.length} modules`);
console.log(`${modules.length} modules and ${imports} imports held against ${layerRules().length} rules`);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;

function topFolder(path: string): string {
  const [first, second] = path.split("/");
  return first === "packages" ? `packages/${second}` : `${first}`;
}
