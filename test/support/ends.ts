// What is to be ended after a test, though some of it fails. node:test leaves out the hooks that follow one that fails, and a server that
// still listens, or a child that still runs, then keeps the process until its time is up.

/** A step of the test's end. */
export type End = () => unknown;

/** Takes every step, one after the other, and throws what went wrong when all are taken: the one error, or an AggregateError. */
export async function endAll(steps: Iterable<End>): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("; "));
  if (failures.length === 1) throw failures[0];
}
