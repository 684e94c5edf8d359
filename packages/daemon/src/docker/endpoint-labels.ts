/**
 * What of an endpoint's `DriverOpts` is not the driver's: labels of moby's libnetwork/netlabel that say how its interface is to be.
 */

/** Name of the interface in the container. */
export const interfaceNameLabel = "com.docker.network.endpoint.ifname";
/** `net.ipv4.conf.IFNAME.forwarding=1,...` */
export const sysctlsLabel = "com.docker.network.endpoint.sysctls";
