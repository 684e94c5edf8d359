/**
 * Groups of users: /etc/group, as group(5) has it.
 */
import { files } from "@causeway/kernel";

/**
 * @param group a name or a number
 * @returns undefined where no group has this name
 */
export function groupId(group: string): number | undefined {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  const lines = files.existsSync("/etc/group") ? files.readFileSync("/etc/group", "utf8").split("\n") : [];
  const [, , id] = lines.map((line) => line.split(":")).find(([name]) => name === group) ?? [];
  return id === undefined ? undefined : Number(id);
}
