/**
 * HostWatch: hears from the kernel when somebody takes away what may be ours. It tells where to look, never what is wrong: our own
 * operations take things away, too.
 */

export type Hint =
  /** What happened cannot be told in full: look at everything. */
  | { readonly about: "everything" }
  /** Settings of the whole host. */
  | { readonly about: "host" }
  /** Somebody else changed the packet filter, ours or another. */
  | { readonly about: "firewall" }
  /** The host's link with this object's mark, or what is at its other end. */
  | { readonly about: "object"; readonly id: string }
  /** A link of the host without a mark of ours. */
  | { readonly about: "link"; readonly name: string }
  /** What stood under a path of the run directory. */
  | { readonly about: "namespace"; readonly path: string }
  /** From now on nothing is heard of this. */
  | { readonly about: "nothing"; readonly unheard: string; readonly reason: string };

export interface HostWatch {
  /**
   * Begins. Never throws: what cannot be listened to is told as a hint. Hints come later, many at once where much happens, and do not
   * keep the process alive.
   */
  start(tell: (hints: readonly Hint[]) => void): void;
  /** Ends: nothing is told any more, nothing is left open. */
  close(): void;
}
