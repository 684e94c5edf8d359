// What Docker's clients are told differently by us than by Docker 20.10, by reason and command. docs/docker-compatibility.md says why, one by one;
// docker-client.peers.test.ts holds the two lists against each other, and each against what the daemons tell.

/** Why something differs, and what takes that out of both outputs: what is left has to be the same. */
export interface Difference {
  readonly commands: readonly string[];
  /** Absent where the output is another altogether: then the exit code is held alone, unless that differs too. */
  readonly lift?: (output: string) => string;
  readonly exitDiffers?: true;
}

const without = (pattern: RegExp) => (output: string) => output.replaceAll(pattern, "");
const created = "network inspect";
const events = "events --since 1 --until NOW --filter type=network --filter";

export const differences: Readonly<Record<string, Difference>> = {
  "newer-fields": {
    commands: ["plain", "front", "back", "six", "config"].map((name) => `${created} ${name}`),
    lift: without(/ *"EnableIPv4": true,\n/g),
  },
  "another-program": { commands: ["version"] },
  drivers: {
    commands: ["info --format '{{json .Plugins.Network}}'"],
    lift: without(/ *"(?:ipvlan|macvlan|overlay)",?\n|,/g),
  },
  mends: {
    commands: [
      "network create x --subnet nothing",
      "network create x --opt com.docker.network.driver.mtu=zz",
      "network connect scoped k1 --ip zz",
    ],
    lift: without(/(?<=Error response from daemon: ).*/g),
  },
  "no-slips": {
    commands: [
      "network create slip --opt com.docker.network.bridge.nam=x0",
      "network rm slip",
      "network connect aside k2 --driver-opt a=b",
      "network disconnect aside k2",
    ],
    exitDiffers: true,
  },
  "no-slips-in-events": {
    commands: [
      `${events} event=create --format '{{.Actor.Attributes.name}}'`,
      `${events} event=destroy --format '{{.Actor.Attributes.name}}'`,
    ],
    lift: without(/^(?:slip|config)\n/gm),
  },
  "default-network": {
    commands: [`${created} bridge --format '{{json .Options}}'`],
    lift: without(/ *"com\.docker\.network\..*\n/g),
  },
  "gateway-shown": {
    commands: [`${created} bridge --format '{{json .IPAM.Config}}'`],
    lift: without(/ *"Gateway": "172\.17\.0\.1",\n/g),
  },
  "no-id-as-alias": {
    commands: [`inspect k1 --format '{{(index .NetworkSettings.Networks "back").Aliases}}'`],
    lift: without(/ <id>/g),
  },
  "link-local": {
    commands: ["network connect aside k2 --link-local-ip 169.254.9.9", "network disconnect --force aside k2"],
    exitDiffers: true,
  },
  dangling: {
    commands: ["network ls --filter dangling=true --filter name=front"],
    lift: without(/\n<id> {2}front.*/g),
  },
  "no-image": {
    commands: ["ps", "inspect k1 --format '{{.Config.Image}} {{.Path}} {{.Args}}'"],
    lift: without(/<no image>|box|"?sleep(?: 3600)?"?|""|3600| /g),
  },
  "network-mode": {
    commands: ["inspect k1 k3 --format '{{.HostConfig.NetworkMode}}'"],
    lift: without(/^(?:bridge|default)$/gm),
  },
  "who-is-in-the-way": {
    commands: ["network rm front"],
    lift: without(/ id <id>| \(.*\)/g),
  },
  "disconnect-once": {
    commands: [
      `${events} network=scoped --format '{{.Type}} {{.Action}} {{index .Actor.Attributes "name"}} {{index .Actor.Attributes "type"}}'`,
      `${events} event=disconnect --filter network=front --format '{{.Action}}'`,
    ],
    lift: (output) => [...new Set(output.split("\n"))].join("\n"),
  },
  "not-ours": { commands: ["images", "volume ls", "top k1"], exitDiffers: true },
};
