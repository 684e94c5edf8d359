/**
 * A plain process of the host's in the network of a sandbox: everything else is the host's, but for the files with names.
 */

import type { Place, ProcessWish } from "./oci/config.ts";
import { parseUser } from "./user.ts";

/**
 * Runs in the sandbox's network and in a mount namespace of its own, to which what the host mounts later still comes.
 * Arguments: paths of hosts, hostname and resolv.conf, the hostname or nothing, the working directory or nothing, how many
 * settings follow, the settings, then the command.
 */
const script = `
mount --bind "$1" /etc/hosts && mount --bind "$3" /etc/resolv.conf || exit 125
[ ! -e /etc/hostname ] || mount --bind "$2" /etc/hostname || exit 125
if [ -n "$4" ]; then echo "$4" >/proc/sys/kernel/hostname || exit 125; fi
if [ -n "$5" ]; then cd "$5" || exit 125; fi
settings=$6
shift 6
while [ "$settings" -gt 0 ]; do
  printf '%s\\n' "\${1#*=}" >"/proc/sys/\${1%%=*}" || exit 125
  settings=$((settings - 1))
  shift
done
exec "$@"
`;

/** The command that becomes the process: each program replaces the one before it. */
export function hostProcessCommand(wish: ProcessWish, { netnsPath, files }: Place): readonly string[] {
  const settings = Object.entries(wish.sysctls).map(
    ([name, value]) => `${name.replaceAll(".", "/")}=${value}`,
  );
  const named = [wish.hostname ?? "", wish.workingDirectory ?? "", String(settings.length), ...settings];
  return [
    ...["nsenter", `--net=${netnsPath}`],
    ...["unshare", "--mount", "--propagation", "slave", ...(wish.hostname === undefined ? [] : ["--uts"])],
    ...["/bin/sh", "-c", script, "causeway-process", files.hosts, files.hostname, files.resolvConf, ...named],
    ...asUser(wish.user),
    // A shell has what it starts in the background ignore these.
    ...["env", "--default-signal=INT,QUIT", "--", ...wish.environment],
    ...wish.command,
  ];
}

/** What makes a command one of this user's. */
export function asUser(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const { uid, gid } = parseUser(text);
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
}
