/**
 * Causeway's own version, as its package says it.
 */
import manifest from "../../package.json" with { type: "json" };

export const serverVersion: string = manifest.version;
