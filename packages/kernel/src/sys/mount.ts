/**
 * Mounts, mount(2): the few kinds that namespaces and their files need.
 */
import { check, cPath, libc } from "./libc.ts";

// linux/mount.h, sys/mount.h
const MS_BIND = 4096;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** Makes `target` (which exists) show what `source` shows. */
export function bindMount(source: string, target: string): void {
  check(
    libc.mount(cPath(source, "mount"), cPath(target, "mount"), null, MS_BIND, null),
    "mount --bind",
    `${source} on ${target}`,
  );
}

/** Takes a mount away at once; what still uses it keeps it until done. Symbolic links are not followed. */
export function unmount(target: string): void {
  check(libc.umount2(cPath(target, "umount"), MNT_DETACH | UMOUNT_NOFOLLOW), "umount", target);
}
