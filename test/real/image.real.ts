import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import { Buildah, type ImageConfig } from '../../lab/images/buildah.ts';
import {
  BUILD_ARGUMENTS,
  KUBENURSE_IMAGE,
  kubenurseArchive,
} from '../../lab/images/kubenurse-image.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { freePort } from '../support/start-program.ts';
import { startImage } from './unpacked-image.ts';

const BUILD_LIMIT_MS = 300_000;
const MAX_LAYER_BYTES = 1 << 24;

const SERVICE_ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';

const skipped = unavailableReason() ?? (isThere('buildah') ? undefined : 'buildah is missing');

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Every file in the layers on top of its base, which is a single layer. */
function addedFiles(archive: string): string[] {
  const read = (file: string) =>
    execFileSync('tar', ['--extract', '--to-stdout', '--file', archive, file], {
      maxBuffer: MAX_LAYER_BYTES,
    });
  const [{ Layers: layers }] = JSON.parse(read('manifest.json').toString());
  return layers
    .slice(1)
    .flatMap((layer: string) =>
      execFileSync('tar', ['--list'], { input: read(layer), encoding: 'utf8' }).split('\n'),
    )
    .filter((path: string) => path !== '' && !path.endsWith('/'));
}

describe.skipIf(skipped)(skipped === undefined ? 'the image' : `the image: ${skipped}`, () => {
  const stack = new AsyncDisposableStack();
  let config: ImageConfig;
  /** Where its files are. */
  let root: string;
  let archive: string;

  beforeAll(async () => {
    archive = await kubenurseArchive();
    const buildah = await Buildah.create(stack);
    await buildah.load(archive);
    config = await buildah.config(KUBENURSE_IMAGE);
    root = await buildah.unpack(KUBENURSE_IMAGE);
  }, BUILD_LIMIT_MS);
  afterAll(() => stack.disposeAsync(), BUILD_LIMIT_MS);

  test('adds one program and its licences to its base, and no source map', () => {
    expect(addedFiles(archive).toSorted()).toEqual(['LICENSE', 'kubenurse.cjs']);
    expect(readFileSync(join(root, 'kubenurse.cjs'), 'utf8')).not.toContain('sourceMappingURL');
    expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toContain('@opentelemetry/sdk-metrics');
  });

  test('runs as a numeric user, from the root folder, whatever its base has', () => {
    expect(config.config).toMatchObject({ User: '65532:65532', WorkingDir: '/' });
    expect(Object.keys(config.config.ExposedPorts)).toEqual(['8080/tcp', '8443/tcp']);
  });

  test('describes itself', () => {
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'kubenurse',
      'org.opencontainers.image.description': packageJson.description,
      'org.opencontainers.image.licenses': packageJson.license,
      'org.opencontainers.image.version': packageJson.version,
      'org.opencontainers.image.revision': BUILD_ARGUMENTS.REVISION,
      'org.opencontainers.image.created': BUILD_ARGUMENTS.CREATED,
      'org.opencontainers.image.base.name': BUILD_ARGUMENTS.RUN_IMAGE,
    });
  });

  test('is built for any architecture without running anything in it', () => {
    const run = config.history.filter(({ created_by }) => !created_by.includes('#(nop)'));
    expect(run).toEqual([]);
  });

  test('passes its arguments to the program', async () => {
    const { output, closed } = startImage(stack, root, config, ['--version'], {});
    expect({ code: await closed, output: output.all }).toEqual({
      code: 0,
      output: [packageJson.version],
    });
  });

  test('serves read-only and without rights, and uses the API server as its service account', async () => {
    const apiServer = await EmbeddedApiServer.start({ address: '127.0.0.1', port: 0 });
    stack.defer(() => apiServer.close());
    const account = join(root, SERVICE_ACCOUNT);
    await mkdir(account, { recursive: true });
    await writeFile(join(account, 'token'), await apiServer.issueToken('kubenurse'));
    await writeFile(join(account, 'ca.crt'), apiServer.certificateAuthority);
    await writeFile(join(account, 'namespace'), 'kubenurse');
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const { child, output, closed } = startImage(stack, root, config, [], {
      POD_NAME: 'kubenurse-a',
      NODE_NAME: 'node-1',
      KUBERNETES_SERVICE_HOST: apiServer.url.hostname,
      KUBERNETES_SERVICE_PORT: apiServer.url.port,
      KUBENURSE_CHECK_API_SERVER_DNS: 'false',
      KUBENURSE_CHECK_ME_INGRESS: 'false',
      KUBENURSE_NAMESPACE: 'kubenurse',
      KUBENURSE_NEIGHBOUR_FILTER: 'app.kubernetes.io/name=kubenurse',
      KUBENURSE_LISTEN_ADDRESS: '127.0.0.1',
      KUBENURSE_PORT: port,
      KUBENURSE_SERVICE_URL: url,
      KUBENURSE_SHUTDOWN_DURATION: '0s',
    });
    await until('the program listens', 15_000, () =>
      output.all.some((line) => line.includes('is listening')),
    ).catch((error) => {
      throw new Error(`${error.message}\n${output.all.join('\n')}`, { cause: error });
    });

    expect((await httpGet(`${url}/ready`, 5_000)).status).toBe(200);
    const alive = await httpGet(`${url}/alive`, 10_000);
    expect({ status: alive.status, ...JSON.parse(alive.body) }).toMatchObject({
      status: 200,
      hostname: 'kubenurse-a',
      api_server_direct: 'ok',
      me_service: 'ok',
    });
    const { body } = await httpGet(`${url}/metrics`, 5_000);
    expect(body).toMatch(
      /^kubenurse_httpclient_requests_total\{type="api_server_direct",code="200"\} \d+$/m,
    );
    expect(body).toMatch(/^process_open_fds \d+$/m);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);

    child.kill('SIGTERM');
    expect(await closed).toBe(0);
    const warnings = output.all.filter((line) => /"level":"(warn|error|fatal)"/.test(line));
    expect(warnings.map((line) => JSON.parse(line).msg)).toEqual(['no neighbours to check']);
  });
});
