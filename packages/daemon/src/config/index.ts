export type { DaemonConfig, MetricsConfig, TcpConfig } from "./config.ts";
export { defaultConfig } from "./daemon-config.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export {
  type Configuration,
  changesOf,
  defaultConfigPath,
  type GivenFlags,
  loadConfiguration,
} from "./load.ts";
export { settingNames, settingOf } from "./settings.ts";
export { exampleFile, flagHelp, whatHolds } from "./texts.ts";
