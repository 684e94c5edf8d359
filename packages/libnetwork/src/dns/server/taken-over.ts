/**
 * What a constructor takes over is its own from the first line on, and closed where it fails.
 */

/** Makes something of what was taken over, which is disposed of on an exception. */
export function takenOver<T>(owned: Disposable, make: () => T): T {
  try {
    return make();
  } catch (error) {
    owned[Symbol.dispose]();
    throw error;
  }
}
