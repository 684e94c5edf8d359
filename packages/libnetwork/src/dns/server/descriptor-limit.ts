/**
 * How many descriptors this process may have, getrlimit(2): the kernel says it in /proc.
 */
import { files } from "@causeway/kernel";

/** RLIMIT_NOFILE as it is in force; the kernel's usual 1,024 where it cannot be read. */
export function descriptorLimit(): number {
  try {
    const [, soft] =
      /^Max open files +(\d+|unlimited)/m.exec(files.readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft ?? 1024);
  } catch {
    return 1024;
  }
}
