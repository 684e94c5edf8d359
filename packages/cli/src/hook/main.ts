/**
 * The process `causeway oci-hook`: lib/oci-hook.cjs as installed.
 */
import { runHook } from "./hook.ts";

void runHook(process.argv.slice(2), process).then((status) => process.exit(status));
