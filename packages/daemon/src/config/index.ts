export type { DaemonConfig, LogFormat, LogLevelName, MetricsConfig, TcpConfig } from "./config.ts";
export { defaultConfig } from "./daemon-config.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export {
  type Configuration,
  changesOf,
  defaultConfigPath,
  type GivenFlags,
  loadConfiguration,
} from "./load.ts";
export { type Setting, settingNames, settingOf } from "./settings.ts";
export { exampleFile, flagHelp, settingsTable, whatHolds } from "./texts.ts";
