/**
 * The operator's rules of nftables, from a file.
 */
import { files } from "@causeway/kernel";
import { invalid, messageOf } from "@causeway/libnetwork";
import type { DaemonConfig } from "../config/index.ts";

/**
 * @returns undefined where no file is configured
 * @throws user_chain_unreadable
 */
export function readUserRules({ userChainFile }: Pick<DaemonConfig, "userChainFile">): string | undefined {
  if (userChainFile === undefined) return undefined;
  try {
    return files.readFileSync(userChainFile, "utf8");
  } catch (error) {
    throw invalid("user_chain_unreadable", `firewall.user-chain-file: ${messageOf(error)}`, userChainFile);
  }
}
