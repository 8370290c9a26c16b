/** Where a node finds the images that it imports when it starts. */
export const IMAGES = '/opt/images';
/** Where a node finds the files that configure it (node-files.ts). */
export const SETTINGS = '/opt/node';

/** Settings that every node overrides for itself; kubelet would set them for the whole machine. */
const MACHINE_WIDE = [
  'vm/overcommit_memory=1',
  'vm/panic_on_oom=0',
  'kernel/panic=10',
  'kernel/panic_on_oops=1',
  'kernel/keys/root_maxkeys=1000000',
  'kernel/keys/root_maxbytes=25000000',
];

/**
 * Joins the node's control groups, `$1` up to the first `--`, and executes the rest, which enters a
 * control group namespace with these groups as its root.
 */
export const JOIN_GROUPS = `set -e
while [ "$1" != -- ]; do
  echo 0 >"$1/cgroup.procs"
  shift
done
shift
exec "$@"`;

/**
 * The first process of a node, in separate namespaces: hostname `$1`, disk `$2`, images `$3`, and
 * the options of the control group hierarchies. The machine's /etc, /opt and /var/lib are visible,
 * and what is written there is lost with the node. It stays, and reaps orphans.
 */
export const NODE_INIT = `set -e
hostname "$1"
disk=$2 images=$3
shift 3
mount --make-rshared /
mkdir -p "$disk/containerd" "$disk/kubelet" "$disk/settings"
mount -n -t tmpfs -o mode=755 tmpfs /mnt
for folder in etc opt var/lib; do
  mkdir -p "/mnt/$folder/upper" "/mnt/$folder/work"
  mount -n -t overlay -o "lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work" overlay "/$folder"
done
mkdir -p /var/lib/containerd /var/lib/kubelet ${IMAGES} ${SETTINGS}
mount -n --bind "$disk/containerd" /var/lib/containerd
mount -n --bind "$disk/kubelet" /var/lib/kubelet
mount -n --make-rshared /var/lib/kubelet
mount -n --bind "$disk/settings" ${SETTINGS}
mount -n --bind "$images" ${IMAGES}
mount -n -t tmpfs -o mode=755 tmpfs /var/log
mount -n -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns /run/lock /run/sysctl
mount -n -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for option; do
  folder=/sys/fs/cgroup/\${option#name=}
  mkdir "$folder"
  case $option in name=*) option=none,$option ;; esac
  mount -n -t cgroup -o "$option" cgroup "$folder"
done
for setting in ${MACHINE_WIDE.join(' ')}; do
  file=/run/sysctl/$(echo "\${setting%=*}" | tr / .)
  echo "\${setting#*=}" >"$file"
  mount -n --bind "$file" "/proc/sys/\${setting%=*}"
done
echo ready >/run/node-ready
while :; do sleep 1000; done`;

/**
 * Joins the node's control groups from within, and executes the rest, which is killed with the
 * process that started it.
 */
export const BECOME_PROGRAM = `for group in /sys/fs/cgroup/*; do echo 0 >"$group/cgroup.procs"; done
exec setpriv --pdeathsig KILL "$@"`;
