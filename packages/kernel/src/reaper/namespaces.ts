/**
 * Lets go of a namespace that a bind mount keeps. The kernel deletes its links afterwards, in its own time (0.6 ms each,
 * in a batch, under the same lock), or not before the last process in it is gone.
 */

import { fromNodeError, isKernelError, KernelError } from "../sys/errors.ts";
import { files } from "../sys/files.ts";
import { unmount } from "../sys/mount.ts";
import { NetNamespace } from "../sys/namespace.ts";

/** The namespace that is kept at a path; undefined where it has gone. */
export function findNamespace(path: string): NetNamespace | undefined {
  using opened = new DisposableStack();
  try {
    const namespace = opened.use(NetNamespace.open(path));
    // Between unmounting and removing it is a mere file.
    namespace.run(() => undefined);
    opened.move();
    return namespace;
  } catch (error) {
    if (isKernelError(error, "ENOENT", "EINVAL")) return undefined;
    throw error;
  }
}

/** Unmounts and removes the file; one that is not mounted, or not there, counts as released. */
export function releaseNamespace(path: string): KernelError | undefined {
  try {
    unmount(path);
  } catch (error) {
    // EINVAL: not a mount point.
    if (!isKernelError(error, "ENOENT", "EINVAL")) return asKernelError(error, path);
  }
  try {
    files.rmSync(path, { force: true });
    return undefined;
  } catch (error) {
    return asKernelError(error, path);
  }
}

function asKernelError(error: unknown, path: string): KernelError {
  const known = fromNodeError(error, "rm", path);
  if (known instanceof KernelError) return known;
  throw error;
}
