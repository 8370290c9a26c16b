import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { tool } from '../../lab/tools/tool.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What `npm run bundle` writes. */
export const PACKED = join(ROOT, 'dist/kubenurse.cjs');
const UNPACKED = join(ROOT, 'src/main.ts');

/** The environment in which it checks its own Service, and the given targets. */
export const ONE_CHECK = {
  KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
  KUBENURSE_CHECK_API_SERVER_DNS: 'false',
  KUBENURSE_CHECK_ME_INGRESS: 'false',
  KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
  KUBENURSE_LISTEN_ADDRESS: '127.0.0.1',
  KUBENURSE_SHUTDOWN_DURATION: '0s',
  POD_NAME: 'kubenurse-bench',
};

/** A program that probes, and how it is started. */
export type MeasuredProgram = Readonly<{
  name: string;
  command: string;
  args: readonly string[];
  /** The size of its file; undefined if it consists of many. Node itself is not counted. */
  bytes: number | undefined;
  /** Further variables. */
  environment?: Readonly<Record<string, string>>;
}>;

/**
 * Why a benchmark cannot measure the program in this file: there is none, or it is kubenurse and
 * out of date. Undefined if it can.
 */
export function whyNotMeasured(file: string): string | undefined {
  const packedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (packedAt === undefined) return `no ${relative('', file)}: run npm run bundle first`;
  if (resolve(file) !== PACKED) return undefined;
  const changed = packedFiles().find((each) => statSync(each).mtimeMs > packedAt);
  if (changed === undefined) return undefined;
  return `${relative(ROOT, changed)} is newer than ${relative('', file)}: run npm run bundle first`;
}

/** The sources that the program is packed from, except for packages. */
function packedFiles(): string[] {
  return ['src', 'exporters'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
}

/** How tables name the program in this file. */
export function programName(file: string): string {
  return resolve(file) === PACKED ? 'kubenurse' : file;
}

/** kubenurse as in the image. Throws if it is not packed, or was packed before its last change. */
export function packed(): MeasuredProgram {
  const why = whyNotMeasured(PACKED);
  if (why !== undefined) throw new Error(why);
  return {
    name: 'kubenurse, packed',
    command: process.execPath,
    args: [...imageFlags(), PACKED],
    bytes: statSync(PACKED).size,
    environment: imageEnvironment(),
  };
}

/** kubenurse as `npm start` starts it. */
export function unpacked(): MeasuredProgram {
  return {
    name: 'kubenurse, unpacked',
    command: process.execPath,
    args: [UNPACKED],
    bytes: undefined,
  };
}

/** The packed program without the kernel's statistics of connections (src/probes/tcp-info.ts). */
export function withoutTcpInfo(): MeasuredProgram {
  const program = packed();
  return {
    ...program,
    name: 'packed, without TCP_INFO',
    args: ['--no-experimental-ffi', ...program.args],
  };
}

/**
 * The packed program with variables other than the defaults, for kinds of checks that can be
 * switched on or off.
 */
export function packedWith(
  name: string,
  environment: Readonly<Record<string, string>>,
): () => MeasuredProgram {
  return () => {
    const program = packed();
    return {
      ...program,
      name: `packed, ${name}`,
      environment: { ...program.environment, ...environment },
    };
  };
}

/**
 * The stand-in for upstream's program (lab/tools/peer), 8 to 17 % cheaper than that. Throws if it
 * is not built.
 */
export function peer(): MeasuredProgram {
  const command = tool('peer');
  return { name: 'stand-in in Go', command, args: [], bytes: statSync(command).size };
}

/** The flags that the image passes to Node. Throws if the Dockerfile starts it in another way. */
export function imageFlags(dockerfile = readDockerfile()): string[] {
  const [, entrypoint = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? [];
  const [node = '', ...args]: string[] = JSON.parse(entrypoint);
  const program = args.pop();
  if (!node.endsWith('/node') || !program?.endsWith('/kubenurse.cjs')) {
    throw new Error('the Dockerfile has no ENTRYPOINT that has Node run the packed program');
  }
  return args;
}

/** The variables that the image sets: `NAME=value`, separated by spaces, in `ENV` lines. */
export function imageEnvironment(dockerfile = readDockerfile()): Record<string, string> {
  const assignments = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) =>
    line.split(' '),
  );
  return Object.fromEntries(assignments.map((assignment) => assignment.split('=')));
}

function readDockerfile(): string {
  return readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
}
