/**
 * @causeway/libnetwork: the Container Network Model. Open a NetworkController and go on from there.
 */
export { KernelError, UnsupportedFeatureError } from "@causeway/kernel";
export type { ServicePort } from "./contracts/balancing.ts";
export type { ClusterState } from "./contracts/cluster.ts";
export type { IpamData, PortBinding, PortMapping, StaticRoute } from "./contracts/driver.ts";
export type { HealingEvent } from "./contracts/healing.ts";
export type { HealthItem, HealthNature, HealthSubject } from "./contracts/health.ts";
export type { PoolStatus } from "./contracts/ipam.ts";
export type {
  AnsweredRecord,
  Lookup,
  NamedPort,
  ResolverCounts,
  Trace,
  TraceStep,
} from "./contracts/names.ts";
export type { InterfaceStatistics, LiveInterface } from "./contracts/netstack.ts";
export type { SandboxFilePaths } from "./contracts/sandbox-files.ts";
export type { Tallied } from "./contracts/tally.ts";
export type { Attachment, AttachOptions } from "./controller.ts";
export { bridgeOptionLabels } from "./drivers/bridge/options.ts";
export type { DeleteEndpointOptions, Endpoint, EndpointInfo } from "./endpoint.ts";
export {
  CausewayError,
  conflict,
  type ErrorKind,
  forbidden,
  httpStatus,
  invalid,
  messageOf,
  notFound,
  unavailable,
  unsupported,
} from "./errors.ts";
export type { BindingSelector } from "./model/binding-selector.ts";
export {
  type ControllerOptions,
  checkControllerOptions,
  type DefaultNetworkOptions,
  type ReloadOptions,
} from "./model/controller-options.ts";
export type { EndpointOptions } from "./model/endpoint-options.ts";
export type { CausewayEvent, EventType } from "./model/events.ts";
export type { Health, Repair } from "./model/health/health.ts";
export { newId } from "./model/ids.ts";
export { KeyedMutex } from "./model/keyed-mutex.ts";
export type { QuestionOptions } from "./model/names/lookup.ts";
export type { EndpointNames } from "./model/names/name-options.ts";
export type { NetworkName } from "./model/names/network-names.ts";
export type { NameRecord, RecordOptions, RecordSelector } from "./model/names/record-options.ts";
export type { IpamConfig, NetworkOptions } from "./model/network-options.ts";
export { currentOperation, withOperation } from "./model/operation.ts";
export type { RestoreProblem } from "./model/problems.ts";
export type { PublishOptions } from "./model/publish-options.ts";
export type { SandboxOptions } from "./model/sandbox-options.ts";
export type { RemoteMember } from "./model/services/remote-members.ts";
export type { ServiceOptions } from "./model/services/service-options.ts";
export type { ControllerStatistics } from "./model/statistics.ts";
export type { Network } from "./network.ts";
export { suggestion, suggestionOrAll } from "./options/nearest.ts";
export { PluginHost, type PluginHostOptions, type ServedCounts } from "./plugin-host.ts";
export type { DeleteSandboxOptions, Sandbox } from "./sandbox.ts";
export type { Service, ServiceMember } from "./service.ts";
export type { BackupResult, RestoreResult } from "./store/backup.ts";
export { type TopologyTextOptions, topologyText } from "./topology/text.ts";
export type { Topology, TopologyEndpoint, TopologyNetwork, TopologySandbox } from "./topology/topology.ts";
export { type BackupOptions, NetworkController, type RestoreBackupOptions } from "./wiring.ts";
