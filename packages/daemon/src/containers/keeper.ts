/**
 * The keeper: a small shell that is the parent of a container's process, so that the daemon may be killed while containers run, and
 * learns how they ended all the same. It hands signals on, and tells by files ("marks") of what happened.
 */
import { files, isKernelError, withReserve } from "@causeway/kernel";
import type { Launch } from "../api/index.ts";
import type { Places } from "./places.ts";

/**
 * Arguments: the beginning of the marks' paths, the container's id, the OCI runtime (empty for a plain process) and its state
 * directory, then what is to be run.
 *
 * The claim decides between us and a daemon that waited too long for us: whoever makes the file has the say.
 * What has been forked and is not another program yet (PF_FORKNOEXEC of linux/sched.h in its flags) has our traps and loses signals: it
 * is told of them afterwards. Waiting is done anew where a signal cut it short. A plain process is written down with when it started: its
 * pid may be another's later. What never began gets the status that a shell has for it.
 */
const script = `
mark=$1 id=$2 runtime=$3 root=$4
shift 4
child= pending= interrupted= ticks=
forward() {
  interrupted=1
  if [ -n "$child" ]; then kill -s "$1" "$child" 2>/dev/null; else pending=$1; fi
}
for signal in HUP INT QUIT TERM USR1 USR2 ALRM WINCH CONT; do trap "forward $signal" $signal; done
if ! (set -C; echo $$ >"$mark.claim") 2>/dev/null; then
  echo "causeway: the container was given up meanwhile: it was not started in time, or has been removed" >&2
  exit 125
fi
is_itself() {
  stat=
  while read -r line; do stat="$stat $line"; done 2>/dev/null <"/proc/$1/stat"
  set -- \${stat##*) }
  ticks=\${20:-$ticks}
  [ $((\${7:-0} & 64)) -eq 0 ]
}
exec 3<&0
"$@" <&3 3<&- &
begun=$!
until is_itself "$begun"; do :; done
child=$begun
exec 3<&- </dev/null
if [ -z "$runtime" ]; then
  echo "$child $ticks" >"$mark.new" && mv "$mark.new" "$mark.pid"
fi
[ -z "$pending" ] || forward "$pending"
while :; do
  interrupted=
  wait "$child"
  code=$?
  [ -n "$interrupted" ] && kill -0 "$child" 2>/dev/null || break
done
# Its pid is free for others now.
child=
if [ -n "$runtime" ]; then
  if [ ! -e "$mark.pid" ] && [ "$code" -lt 128 ]; then
    case $(cat "$mark.log" 2>/dev/null) in
      *"executable file not found"* | *"no such file or directory"* | *"not a directory"*) code=127 ;;
      *"permission denied"* | *"is a directory"*) code=126 ;;
      *) code=125 ;;
    esac
  fi
  [ ! -e "$root/$id" ] || "$runtime" --root "$root" delete --force "$id" >/dev/null 2>&1
fi
{ echo "$code" >"$mark.new" && mv "$mark.new" "$mark.exit"; } 2>/dev/null
exit "$code"
`;

/** What runs the container, the keeper being its parent. */
export function keeperLaunch(
  places: Places,
  id: string,
  runtime: string | undefined,
  command: readonly string[],
): Launch {
  const words = [places.mark(id), id, runtime ?? "", places.runtimeRoot, ...command];
  return { command: ["/bin/sh", "-c", script, "causeway-keeper", ...words], directory: places.bundle(id) };
}

/** The keeper's process, where it still lives: its command line names the container, so that a pid that was given anew is told apart. */
export function livingKeeper(places: Places, id: string): number | undefined {
  const pid = Number(readMark(places.mark(id, "claim")));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return readMark(`/proc/${pid}/cmdline`)?.includes(id) ? pid : undefined;
}

/**
 * Takes the right to start a container away from whoever has not begun.
 *
 * @returns false where it has begun
 */
export function withdrawLaunch(places: Places, id: string): boolean {
  try {
    files.writeFileSync(places.mark(id, "claim"), "", { flag: "wx" });
    return true;
  } catch (error) {
    if (isKernelError(error, "EEXIST") || (error as NodeJS.ErrnoException).code === "EEXIST") {
      // Ours, of an earlier try.
      return readMark(places.mark(id, "claim")) === "";
    }
    throw error;
  }
}

/** A small file's text; undefined where there is none that can be read. Found by a process without descriptors, too. */
export function readMark(path: string): string | undefined {
  try {
    return withReserve(() => files.readFileSync(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}
