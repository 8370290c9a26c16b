import { join } from 'node:path';
import { run } from '../support/command.ts';

/**
 * What `enterWith` mounts over the program's files: a file over an existing one, or a directory.
 */
export type Mount = Readonly<{ from: string; to: string }>;

/**
 * The shell's part of `enterWith`: it mounts, then becomes the program, so that the process id
 * stays the same.
 */
const MOUNT_AND_EXEC = `set -e
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$2"; fi
  mount --bind "$1" "$2"
  shift 2
done
shift
exec "$@"`;

/**
 * Addresses can be used immediately, nobody announces routes or shortens them, replies may take
 * another path than requests, and each rejected packet gets a notice (by default, one per second).
 */
const SETTINGS = [
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv6.conf.default.accept_ra=0',
  // A pod that its node redirects to another pod next to it would reply past the node, which has to
  // translate the reply back.
  'net.ipv6.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.accept_redirects=0',
  'net.ipv4.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv6.icmp.ratelimit=0',
];

/**
 * If br_netfilter is loaded, packets that a bridge forwards pass the rules that are meant for a
 * router.
 */
const BRIDGE_SETTINGS = [
  'net.bridge.bridge-nf-call-iptables=0',
  'net.bridge.bridge-nf-call-ip6tables=0',
];

/** A Linux network namespace: the current one or another. */
export class Namespace {
  readonly name: string;
  /** The start of a command line that runs in it. */
  readonly enter: readonly string[];
  readonly #ip: readonly string[];

  private constructor(name: string, enter: readonly string[], ip: readonly string[]) {
    this.name = name;
    this.enter = enter;
    this.#ip = ip;
  }

  /** The current one. */
  static own(): Namespace {
    return new Namespace('', [], ['ip']);
  }

  /** Creates one with the loopback interface up. Rejects if there is one of this name. */
  static async create(name: string): Promise<Namespace> {
    await run(['ip', 'netns', 'add', name]);
    const enter = ['nsenter', `--net=${join('/run/netns', name)}`, '--'];
    const namespace = new Namespace(name, enter, ['ip', '-netns', name]);
    await namespace.set(SETTINGS);
    await namespace.ip(['link set lo up']);
    return namespace;
  }

  /**
   * The start of a command line that runs in it with these mounts, which only that program sees.
   * Like `enter`, it becomes the program: a signal to the process reaches it.
   */
  enterWith(mounts: readonly Mount[]): readonly string[] {
    const shell = [
      'sh',
      '-c',
      MOUNT_AND_EXEC,
      'sh',
      ...mounts.flatMap(({ from, to }) => [from, to]),
    ];
    return [...this.enter, 'unshare', '--mount', ...shell, '--'];
  }

  /** Runs commands of `ip` in order. Rejects at the first one that fails. */
  async ip(commands: readonly string[]): Promise<void> {
    await run([...this.#ip, '-batch', '-'], `${commands.join('\n')}\n`);
  }

  /** Applies nftables rules, all or none. */
  async nft(ruleset: string): Promise<void> {
    await run([...this.enter, 'nft', '-f', '-'], ruleset);
  }

  /** Sets kernel variables, each written as `name=value`. */
  async set(settings: readonly string[]): Promise<void> {
    await run([...this.enter, 'sysctl', '-qw', ...settings]);
  }

  /** Makes its bridges forward without applying nftables rules. */
  async makeBridgesPlain(): Promise<void> {
    await run([...this.enter, 'sysctl', '-qew', ...BRIDGE_SETTINGS]);
  }

  /** Removes its name; it ends with the last process in it. */
  async close(): Promise<void> {
    await run(['ip', 'netns', 'delete', this.name]);
  }
}
