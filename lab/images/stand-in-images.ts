import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Buildah } from './buildah.ts';

/** Where the stand-in for the build image expects npm's cache. */
export const NPM_CACHE = '/npm-cache';

/** The folder with the files of an image that is being made. */
type Root = string;

/**
 * Replaces `gcr.io/distroless/nodejs26-debian13:nonroot`: the local Node, what it needs, and the
 * same settings.
 */
export function makeRunImage(buildah: Buildah, name: string): Promise<void> {
  return make(
    buildah,
    name,
    ['WORKDIR /home/nonroot', 'USER nonroot', 'ENTRYPOINT ["/nodejs/bin/node"]'],
    (root) => {
      addProgram(root, process.execPath, '/nodejs/bin/node');
      add(root, '/etc/ssl/certs/ca-certificates.crt');
      write(root, '/etc/passwd', 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
      for (const folder of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(join(root, folder));
    },
  );
}

/**
 * Replaces `node:26-trixie-slim`: the local Node and npm. The latter can only install from its
 * cache.
 */
export function makeBuildImage(buildah: Buildah, name: string): Promise<void> {
  return make(buildah, name, ['ENV PATH=/usr/local/bin:/usr/bin:/bin'], (root) => {
    addProgram(root, process.execPath, '/usr/local/bin/node');
    addProgram(root, '/bin/sh');
    addProgram(root, '/usr/bin/env');
    const npm = dirname(dirname(realpathSync(where('npm'))));
    cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
    write(root, '/usr/local/etc/npmrc', `offline=true\ncache=${NPM_CACHE}\nlogs-max=0\n`);
  });
}

/** An image of one program that needs nothing else, run as this user. */
export function makeProgramImage(
  buildah: Buildah,
  name: string,
  program: string,
  user: string,
): Promise<void> {
  return make(buildah, name, [`USER ${user}`, 'ENTRYPOINT ["/program"]'], (root) => {
    add(root, program, '/program');
  });
}

async function make(
  buildah: Buildah,
  name: string,
  settings: readonly string[],
  fill: (root: Root) => void,
): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'stand-in-image-'));
  try {
    const root = join(context, 'root');
    mkdirSync(root);
    fill(root);
    writeFileSync(
      join(context, 'Dockerfile'),
      ['FROM scratch', 'COPY root /', ...settings, ''].join('\n'),
    );
    await buildah.build(name, context);
  } finally {
    rmSync(context, { recursive: true });
  }
}

/** Adds a program and the shared libraries that it links to. */
function addProgram(root: Root, from: string, to = from): void {
  add(root, from, to);
  const linked = execFileSync('ldd', [from], { encoding: 'utf8' });
  for (const [library] of linked.matchAll(/\/\S+/g)) add(root, library);
}

function add(root: Root, from: string, to = from): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  cpSync(realpathSync(from), join(root, to));
}

function write(root: Root, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function where(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}
