export { type CheckOptions, checkPlugin } from "./check.ts";
export { type Clause, type ClauseId, clauses } from "./clauses.ts";
export type { IpamCheckOptions } from "./ipam/ipam-driver.ts";
export type { NetworkCheckOptions } from "./network/network-driver.ts";
export { type ClauseResult, type Made, type Report, reportText } from "./report.ts";
