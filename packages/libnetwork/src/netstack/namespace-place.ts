/**
 * Opening a sandbox's namespace by its path, and only it: somebody may have mounted another there meanwhile.
 */
import { files, isKernelError, NetNamespace } from "@causeway/kernel";
import type { NamespacePlace } from "../contracts/netstack.ts";
import { notFound } from "../errors.ts";

/** @throws namespace_not_found */
export function openNamespace(place: NamespacePlace): NetNamespace {
  const namespace = findNamespace(place);
  if (namespace !== undefined) return namespace;
  if (!showsNamespace(place.path)) throw noNamespace(place.path);
  throw notFound(
    "namespace_not_found",
    `at ${place.path} there is another network namespace than the sandbox's, which is gone: delete the sandbox and make it anew`,
    place.path,
  );
}

/** Undefined where it is gone, or the path shows something else. */
export function findNamespace({ path, identity }: NamespacePlace): NetNamespace | undefined {
  using opened = new DisposableStack();
  try {
    const namespace = opened.use(NetNamespace.open(path));
    if (namespace.identity !== identity) return undefined;
    opened.move();
    return namespace;
  } catch (error) {
    // ENXIO: a socket stands there.
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ENXIO")) return undefined;
    throw error;
  }
}

export function noNamespace(path: string): Error {
  return notFound(
    "namespace_not_found",
    `there is no network namespace at ${path}: give the path of one, like /run/netns/NAME or /proc/PID/ns/net`,
    path,
  );
}

/** @throws KernelError where no descriptor is left to look with */
export function showsNamespace(path: string): boolean {
  using namespace = namespaceAt(path);
  return namespace !== undefined;
}

/**
 * Whatever namespace a path shows; undefined where it shows none.
 *
 * @throws KernelError where no descriptor is left to look with
 */
export function namespaceAt(path: string): NetNamespace | undefined {
  using opened = new DisposableStack();
  try {
    const namespace = opened.use(NetNamespace.open(path));
    namespace.run(() => undefined);
    opened.move();
    return namespace;
  } catch (error) {
    if (isKernelError(error, "EMFILE", "ENFILE", "ENOMEM")) throw error;
    return undefined;
  }
}

/**
 * Removes the empty file that a run leaves which is killed between making it and mounting a namespace on it. A file that
 * something is mounted on, or that has a text, is somebody's.
 *
 * @returns whether it was one
 */
export function removeUnmounted(path: string): boolean {
  const file = files.lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined || !file.isFile() || file.size > 0) return false;
  try {
    files.unlinkSync(path);
    return true;
  } catch (error) {
    // Something is mounted there: a namespace looks like an empty file too.
    if (error instanceof Error && "code" in error && error.code === "EBUSY") return false;
    throw error;
  }
}
