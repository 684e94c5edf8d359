export { type DockerdReplayOptions, replayAsDockerd } from "./as-dockerd.ts";
export { type HeardCall, type PluginReplayOptions, RecordedPlugin } from "./as-plugin.ts";
export { type Difference, differencesText } from "./difference.ts";
export { parseRecording, type RecordedExchange } from "./recording.ts";
