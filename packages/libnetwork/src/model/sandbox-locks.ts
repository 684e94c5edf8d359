/**
 * What is locked to change a sandbox. Pure.
 */

/** Also the name of its container: one that is being attached is found before it is stored. */
export function locksOf({ id, name }: { readonly id: string; readonly name: string }): readonly string[] {
  return [id, `container:${name}`];
}
