/**
 * The handshake: moby's pkg/plugins.
 */
import Type from "typebox";

/** What both ends name as the form of their bodies. dockerd sends it as Accept; it looks at no answer's type. */
export const mediaType = "application/vnd.docker.plugins.v1.2+json";

/** The Host that dockerd names where there is none, on a unix socket; an older one (20.10) leaves it empty. */
export const unixHost = "plugin.moby.localhost";

/** What a plugin can be, as its handshake says it. A plugin may be several at once, and others that are not for us. */
export const networkDriverKind = "NetworkDriver";
export const ipamDriverKind = "IpamDriver";

export const Nothing = Type.Object({}, { description: "An empty body, `null` or `{}`." });

export const ActivateResponse = Type.Object({
  Implements: Type.Array(Type.String(), {
    description: "What the plugin is: `NetworkDriver`, `IpamDriver`, and others (`VolumeDriver` ...).",
  }),
});
