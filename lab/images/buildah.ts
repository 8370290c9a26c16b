import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The part of an image's configuration that is read here (OCI image specification, config.md). */
export type ImageConfig = Readonly<{
  config: Readonly<{
    User: string;
    WorkingDir: string;
    Entrypoint: readonly string[];
    Cmd?: readonly string[];
    ExposedPorts: Readonly<Record<string, object>>;
    Labels: Readonly<Record<string, string>>;
  }>;
  history: readonly Readonly<{ created_by: string }>[];
}>;

/**
 * Builds images in a separate store, from its content only. The store is removed with the stack.
 */
export class Buildah {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(stack: AsyncDisposableStack): Promise<Buildah> {
    const folder = await mkdtemp(join(tmpdir(), 'kubenurse-images-'));
    stack.defer(() => rm(folder, { recursive: true }));
    return new Buildah(folder);
  }

  /** Builds the image `name` from `context`. Rejects with all that was printed. */
  async build(name: string, context: string, ...args: string[]): Promise<void> {
    const how = ['--isolation', 'chroot', '--pull-never', '--network', 'host'];
    await this.#run('build', ...how, ...args, '--tag', name, context);
  }

  async config(image: string): Promise<ImageConfig> {
    return JSON.parse(await this.#run('inspect', '--type', 'image', image)).OCIv1;
  }

  /** Writes the image as an uncompressed archive that a container runtime can import. */
  async save(image: string, file: string): Promise<void> {
    await this.#run('push', '--quiet', image, `docker-archive:${file}:${image}`);
  }

  /** Adds the images of an archive to the store. */
  async load(file: string): Promise<void> {
    await this.#run('pull', `docker-archive:${file}`);
  }

  /** The image's files, in a folder that may be changed. */
  async unpack(image: string): Promise<string> {
    const container = await this.#run('from', '--pull-never', image);
    return this.#run('mount', container);
  }

  async #run(...args: string[]): Promise<string> {
    const store = ['--root', join(this.#folder, 'root'), '--runroot', join(this.#folder, 'run')];
    const { stdout } = await execute('buildah', [...store, '--storage-driver', 'vfs', ...args], {
      env: { ...process.env, TMPDIR: this.#folder },
      maxBuffer: 1 << 24,
    });
    return stdout.trim();
  }
}
