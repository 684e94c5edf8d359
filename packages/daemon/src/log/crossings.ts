/**
 * At `trace`, every call into the kernel and to the disk, with the operation that it is made for. At any other level the calls are
 * made directly, and cost nothing more.
 */
import { type Crossing, setGuard } from "@causeway/kernel";
import type { Logger } from "pino";

/** Goes with the logger's level until it is disposed of. The calls of worker threads are not seen. */
export function traceCrossings(logger: Logger): Disposable {
  const guard = {
    before: () => undefined,
    after({ kind, operation, subject }: Crossing) {
      logger.trace({ kind, call: operation, ...(subject !== "" && { subject }) }, "crossing");
    },
  };
  let watching = false;
  const adjust = () => {
    if (logger.isLevelEnabled("trace") === watching) return;
    watching = !watching;
    setGuard(watching ? guard : undefined);
  };
  adjust();
  logger.on("level-change", adjust);
  return {
    [Symbol.dispose]() {
      logger.off("level-change", adjust);
      if (watching) setGuard(undefined);
      watching = false;
    },
  };
}
