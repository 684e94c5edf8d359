/**
 * Every command, by its name: what it says in one line, and the file that is loaded when it is called.
 */
import type { CommandDefinition } from "./command.ts";

export interface Leaf {
  readonly summary: string;
  readonly aliases?: readonly string[];
  readonly load: () => Promise<CommandDefinition>;
}

export interface Group {
  readonly summary: string;
  readonly aliases?: readonly string[];
  readonly commands: Commands;
}

export type Commands = Readonly<Record<string, Leaf | Group>>;

export const commands: Commands = {
  daemon: {
    summary: "Run the daemon",
    load: async () => (await import("./commands/daemon.ts")).daemon,
  },
  run: {
    summary: "Start a container in networks",
    load: async () => (await import("./commands/container/run.ts")).run,
  },
  exec: {
    summary: "Run a command in a container",
    load: async () => (await import("./commands/container/exec.ts")).exec,
  },
  ls: {
    summary: "List containers",
    aliases: ["ps"],
    load: async () => (await import("./commands/container/ls.ts")).ls,
  },
  inspect: {
    summary: "Tell everything of containers, networks, endpoints or services",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  stop: {
    summary: "End containers",
    load: async () => (await import("./commands/container/stop.ts")).stop,
  },
  rm: {
    summary: "Remove containers",
    load: async () => (await import("./commands/container/rm.ts")).rm,
  },
  logs: {
    summary: "Show what a container wrote",
    load: async () => (await import("./commands/container/logs.ts")).logs,
  },
  wait: {
    summary: "Wait for containers to end, and tell how",
    load: async () => (await import("./commands/container/wait.ts")).wait,
  },
  "oci-hook": {
    summary: "Connect a container of another tool's, as a hook of its OCI runtime",
    load: async () => (await import("./hook/command.ts")).ociHook,
  },
  network: {
    summary: "Networks: who is in the same one reaches each other",
    commands: {
      ls: {
        summary: "List networks",
        aliases: ["list"],
        load: async () => (await import("./commands/network/ls.ts")).ls,
      },
      create: {
        summary: "Make a network",
        load: async () => (await import("./commands/network/create.ts")).create,
      },
      inspect: {
        summary: "Tell everything of networks",
        load: async () => (await import("./commands/network/inspect.ts")).inspect,
      },
      connect: {
        summary: "Put a container into a network",
        load: async () => (await import("./commands/network/connect.ts")).connect,
      },
      disconnect: {
        summary: "Take a container out of a network",
        load: async () => (await import("./commands/network/disconnect.ts")).disconnect,
      },
      rm: {
        summary: "Remove networks",
        aliases: ["remove"],
        load: async () => (await import("./commands/network/rm.ts")).rm,
      },
      prune: {
        summary: "Remove every network that nobody is in",
        load: async () => (await import("./commands/network/prune.ts")).prune,
      },
    },
  },
  endpoint: {
    summary: "Endpoints: places in networks, with their addresses and ports",
    commands: {
      ls: {
        summary: "List endpoints",
        aliases: ["list"],
        load: async () => (await import("./commands/endpoint/ls.ts")).ls,
      },
      create: {
        summary: "Make an endpoint",
        load: async () => (await import("./commands/endpoint/create.ts")).create,
      },
      inspect: {
        summary: "Tell everything of endpoints",
        load: async () => (await import("./commands/endpoint/inspect.ts")).inspect,
      },
      join: {
        summary: "Put an endpoint into a sandbox",
        load: async () => (await import("./commands/endpoint/join.ts")).join,
      },
      leave: {
        summary: "Take an endpoint out of its sandbox",
        load: async () => (await import("./commands/endpoint/leave.ts")).leave,
      },
      names: {
        summary: "Change an endpoint's aliases, links and named ports",
        load: async () => (await import("./commands/endpoint/names.ts")).names,
      },
      healthy: {
        summary: "Have connections to its service led to an endpoint",
        load: async () => (await import("./commands/endpoint/health.ts")).healthy,
      },
      unhealthy: {
        summary: "Have no new connections to its service led to an endpoint",
        load: async () => (await import("./commands/endpoint/health.ts")).unhealthy,
      },
      publish: {
        summary: "Let ports of the host lead to an endpoint",
        load: async () => (await import("./commands/endpoint/publish.ts")).publish,
      },
      unpublish: {
        summary: "Take published ports back",
        load: async () => (await import("./commands/endpoint/unpublish.ts")).unpublish,
      },
      rm: {
        summary: "Remove endpoints",
        aliases: ["remove"],
        load: async () => (await import("./commands/endpoint/rm.ts")).rm,
      },
    },
  },
  service: {
    summary: "Services: several endpoints behind one name and address",
    commands: {
      ls: {
        summary: "List services",
        aliases: ["list"],
        load: async () => (await import("./commands/service/ls.ts")).ls,
      },
      create: {
        summary: "Make a service",
        load: async () => (await import("./commands/service/create.ts")).create,
      },
      inspect: {
        summary: "Tell everything of services",
        load: async () => (await import("./commands/service/inspect.ts")).inspect,
      },
      rm: {
        summary: "Remove services",
        aliases: ["remove"],
        load: async () => (await import("./commands/service/rm.ts")).rm,
      },
    },
  },
  dns: {
    summary: "Names: what sandboxes find, how, and why not",
    commands: {
      ls: {
        summary: "List names of endpoints, and DNS records",
        aliases: ["list"],
        load: async () => (await import("./commands/dns/ls.ts")).ls,
      },
      lookup: {
        summary: "Ask for a name in a sandbox's place",
        load: async () => (await import("./commands/dns/lookup.ts")).lookup,
      },
      trace: {
        summary: "Tell how a name is found in a sandbox, and why not",
        load: async () => (await import("./commands/dns/trace.ts")).trace,
      },
      add: {
        summary: "Add DNS records to a network",
        load: async () => (await import("./commands/dns/add.ts")).add,
      },
      rm: {
        summary: "Take DNS records of a network away",
        aliases: ["remove"],
        load: async () => (await import("./commands/dns/rm.ts")).rm,
      },
    },
  },
  sandbox: {
    summary: "Sandboxes: network stacks of containers",
    commands: {
      ls: {
        summary: "List sandboxes",
        aliases: ["list"],
        load: async () => (await import("./commands/sandbox/ls.ts")).ls,
      },
      create: {
        summary: "Make a sandbox",
        load: async () => (await import("./commands/sandbox/create.ts")).create,
      },
      inspect: {
        summary: "Tell everything of sandboxes",
        load: async () => (await import("./commands/sandbox/inspect.ts")).inspect,
      },
      refresh: {
        summary: "Make a sandbox's interfaces and files anew",
        load: async () => (await import("./commands/sandbox/refresh.ts")).refresh,
      },
      hosts: {
        summary: "Change a sandbox's extra hosts",
        load: async () => (await import("./commands/sandbox/hosts.ts")).hosts,
      },
      hide: {
        summary: "Let others not find a sandbox by its names",
        load: async () => (await import("./commands/sandbox/service.ts")).hide,
      },
      show: {
        summary: "Let others find it again",
        load: async () => (await import("./commands/sandbox/service.ts")).show,
      },
      rm: {
        summary: "Remove sandboxes",
        aliases: ["remove"],
        load: async () => (await import("./commands/sandbox/rm.ts")).rm,
      },
    },
  },
  plugin: {
    summary: "Plugins: network drivers and IPAMs of others, and of ours for Docker",
    commands: {
      ls: {
        summary: "List the plugins of this machine",
        aliases: ["list"],
        load: async () => (await import("./commands/plugin/ls.ts")).ls,
      },
      check: {
        summary: "Drive a plugin through the whole protocol, and tell what it breaks",
        load: async () => (await import("./commands/plugin/check.ts")).check,
      },
      serve: {
        summary: "Serve our bridge driver and our IPAM to dockerd",
        load: async () => (await import("./commands/plugin/serve.ts")).serve,
      },
    },
  },
  topology: {
    summary: "Draw what stands, from the host to the sandboxes",
    load: async () => (await import("./commands/system/topology.ts")).topology,
  },
  events: {
    summary: "Tell what happens, as it happens",
    load: async () => (await import("./commands/system/events.ts")).events,
  },
  stats: {
    summary: "Show traffic, live",
    load: async () => (await import("./commands/system/stats.ts")).stats,
  },
  doctor: {
    summary: "Look for what is not as it should be",
    load: async () => (await import("./commands/system/doctor.ts")).doctor,
  },
  repair: {
    summary: "Mend what is ours",
    load: async () => (await import("./commands/system/repair.ts")).repair,
  },
  backup: {
    summary: "Back the store up",
    load: async () => (await import("./commands/system/backup.ts")).backup,
  },
  "log-level": {
    summary: "Tell or change how much the daemon logs",
    load: async () => (await import("./commands/system/log-level.ts")).logLevel,
  },
  version: {
    summary: "Tell versions",
    load: async () => (await import("./commands/system/version.ts")).version,
  },
  completion: {
    summary: "Print a shell's completion",
    load: async () => (await import("./commands/system/completion.ts")).completion,
  },
};
