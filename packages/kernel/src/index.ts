/**
 * @causeway/kernel: Linux networking for Node.js. Namespaces, rtnetlink, nftables and conntrack by system calls of this
 * process, synchronous and without a child process. Root (or the capabilities that an error names) is needed for most.
 */
export { DecodeError } from "./codec/bytes.ts";
export { bytesToIp, bytesToMac, ipToBytes, macToBytes } from "./codec/inet.ts";
export type { Connection, Flow } from "./conntrack/connection.ts";
export { Conntrack } from "./conntrack/conntrack.ts";
export type { ConntrackFilter } from "./conntrack/filter.ts";
export {
  connectionTracking,
  ipsecEsp,
  linkKind,
  nftables,
  nftablesNat,
  requirePrivileges,
} from "./features.ts";
export type { Query, Request } from "./netlink/message.ts";
export { Monitor, type MonitorOptions, type Overrun, type Topic } from "./netlink/monitor.ts";
export type { DumpOptions } from "./netlink/socket.ts";
export {
  type BalancedAddress,
  type BalancedPort,
  type BalancingTable,
  changeBalancing,
  isBalanced,
  removeBalancing,
  settleBalancing,
} from "./nftables/balancing.ts";
export { closeLingering, type Later } from "./nftables/batch.ts";
export { NftContext, type NftListOptions, type NftObject, type NftProperties } from "./nftables/context.ts";
export { dataText, type NftDataType } from "./nftables/datatypes.ts";
export { type ListedElement, NftElementLister } from "./nftables/element-list.ts";
export {
  type NftElement,
  type NftElementChange,
  NftElements,
  type NftSet,
} from "./nftables/elements.ts";
export { NftError } from "./nftables/errors.ts";
export { type NftablesEvent, nftablesEvents } from "./nftables/events.ts";
export type { NftFamily } from "./nftables/families.ts";
export {
  areLedPortsSettled,
  changeLedPorts,
  haveLedPorts,
  type LedPortsTable,
  removeLedPorts,
  settleLedPorts,
} from "./nftables/led-ports.ts";
export {
  isPortRewritten,
  type PortRewrite,
  removePortRewrite,
  rewritePort,
  rewritePortInPieces,
} from "./nftables/port-rewrite.ts";
export { strangersTransactions } from "./nftables/strangers.ts";
export { findNamespace } from "./reaper/namespaces.ts";
export { Reaper } from "./reaper/reaper.ts";
export * as address from "./rtnl/address.ts";
export * as fdb from "./rtnl/fdb.ts";
export * as link from "./rtnl/link.ts";
export { type LossEvent, lossEvents } from "./rtnl/losses.ts";
export * as namespaceId from "./rtnl/namespace-id.ts";
export * as neighbour from "./rtnl/neighbour.ts";
export * as route from "./rtnl/route.ts";
export { type LinkChoice, Rtnl } from "./rtnl/rtnl.ts";
export * as rule from "./rtnl/rule.ts";
export { type Capability, hasCapability, requireCapabilities } from "./sys/capabilities.ts";
export { DatagramBatch, type DatagramBatchSizes } from "./sys/datagram-batch.ts";
export { DirectoryWatch, type NameTold } from "./sys/directory-watch.ts";
export {
  causesOf,
  errnoName,
  hasCause,
  isKernelError,
  KernelError,
  UnsupportedFeatureError,
} from "./sys/errors.ts";
export { openEventFd, raiseEvent, settleEvent } from "./sys/event-fd.ts";
export { OwnedFd } from "./sys/fd.ts";
export { type Feature, hasFeature, requireFeatures, requireNode } from "./sys/features.ts";
export { files, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "./sys/files.ts";
export { FrameSender } from "./sys/frame.ts";
export {
  acceptTcp,
  type Connecting,
  connectTcp,
  connectUdp,
  endSending,
  isListening,
  pendingError,
  setNoDelay,
  type UdpClientOptions,
} from "./sys/inet-connection.ts";
export {
  bindUdp,
  InetSockaddr,
  LOOPBACK_IFINDEX,
  listenTcp,
  refuseSharing,
} from "./sys/inet-socket.ts";
export { tryLease } from "./sys/lease.ts";
export { tryLockFile, tryLockName } from "./sys/lock.ts";
export { bindMount, unmount } from "./sys/mount.ts";
export { NetNamespace, unbindNamespace } from "./sys/namespace.ts";
export { notifyServiceManager } from "./sys/notify.ts";
export { type PeerCredentials, peerCredentials } from "./sys/peer.ts";
export {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  Poller,
  type Visit,
} from "./sys/poller.ts";
export { keepReserve, requireDescriptors, withReserve } from "./sys/reserve.ts";
export { type Crossing, type CrossingKind, cross, type Fault, type Guard, setGuard } from "./sys/seam.ts";
export * as socket from "./sys/socket.ts";
export { readSysctl, writeSysctl } from "./sys/sysctl.ts";
export {
  type DatagramTransfer,
  receiveDatagram,
  receiveStream,
  type StreamTransfer,
  sendDatagram,
  sendDatagramTo,
  sendStream,
} from "./sys/transfer.ts";
export { openTun, type TunOptions } from "./sys/tun.ts";
export * as xfrmPolicy from "./xfrm/policy.ts";
export type { Aead } from "./xfrm/spec.ts";
export * as xfrmState from "./xfrm/state.ts";
export { Xfrm } from "./xfrm/xfrm.ts";
