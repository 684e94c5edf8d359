/**
 * For tests: a plugin that is served, and its report.
 */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type PluginDefinition, type ServeOptions, servePlugin } from "../server/index.ts";
import { temporaryDirectory } from "../test-support.ts";
import { type CheckOptions, checkPlugin } from "./check.ts";
import type { ClauseId } from "./clauses.ts";
import type { ClauseResult, Report } from "./report.ts";

export async function checked(
  t: TestContext,
  plugin: Omit<PluginDefinition, "name">,
  options: ServeOptions = {},
  checkOptions: CheckOptions = {},
): Promise<Report> {
  const path = join(temporaryDirectory(t), "plugin.sock");
  const server = await servePlugin({ name: "test", ...plugin }, { ...options, socket: path });
  t.after(() => server.close());
  return checkPlugin({ kind: "unix", path }, checkOptions);
}

export function idsOf(report: Report, outcome: ClauseResult["outcome"]): ClauseId[] {
  return report.clauses.filter((clause) => clause.outcome === outcome).map(({ id }) => id);
}
