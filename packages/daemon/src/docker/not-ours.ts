/**
 * What is Docker's and not ours: a plain answer, in which Docker's client reads that it need not ask further.
 */
import { unsupported } from "@causeway/libnetwork";
// `tags` and `hide` of schemas are its.
import type {} from "@fastify/swagger";
import type { FastifyPluginAsync } from "fastify";

/** By the first part of the path. */
const subjects: Readonly<Record<string, string>> = {
  auth: "registries are",
  build: "building images is",
  commit: "images are",
  configs: "configs are",
  distribution: "registries are",
  exec: "exec by Docker's API is",
  images: "images are",
  nodes: "swarm is",
  plugins: "plugins are",
  secrets: "secrets are",
  services: "swarm is",
  session: "building images is",
  swarm: "swarm is",
  system: "disk usage is",
  tasks: "swarm is",
  volumes: "volumes are",
  containers: "this is done with `causeway run`, `causeway stop` and their like: by Docker's API it is",
};

export function otherRoutes(): FastifyPluginAsync {
  return async (server) => {
    for (const [path, subject] of Object.entries(subjects)) {
      const refuse = async () => {
        throw unsupported("not_supported", `${subject} not supported by Causeway, which is about networks`);
      };
      server.all(`/${path}`, { schema: { hide: true } }, refuse);
      server.all(`/${path}/*`, { schema: { hide: true } }, refuse);
    }
  };
}
