import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmptyApiServer } from '../../lab/embedded/empty-api-server.ts';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { Namespace } from '../../lab/real/namespace.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';
import type { Outcome } from '../../src/model.ts';
import { createTcpInfoReader } from '../../src/probes/tcp-info.ts';
import { checkUrl, failed } from './check-once.ts';

const OURS = '10.79.0.1';
const UPSTREAM = '10.79.0.2';
const URL_OF_UPSTREAM = new URL(`http://${UPSTREAM}:8080/alwayshappy`);

/** Longer than Linux takes to retransmit a lost segment twice, in milliseconds. */
const LIMIT_MS = 2_000;

const OFF = {
  KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
  KUBENURSE_CHECK_API_SERVER_DNS: 'false',
  KUBENURSE_CHECK_ME_INGRESS: 'false',
  KUBENURSE_CHECK_ME_SERVICE: 'false',
  KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
  KUBENURSE_SHUTDOWN_DURATION: '0s',
};

const reason =
  unavailableReason() ?? (missingTools(['peer']).length > 0 ? 'peer is not built' : undefined);

/**
 * A mixed fleet, during a migration: the other pod runs upstream's program (here: lab/tools/peer,
 * on net/http).
 */
describe.skipIf(reason)(`full-size packets to upstream${reason ? `: ${reason}` : ''}`, () => {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  let upstream: Namespace;
  let check: (isFullSize: boolean) => Promise<Outcome>;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'full-size-'));
    stack.defer(() => rm(folder, { recursive: true }));
    upstream = await Namespace.create('upstream');
    stack.defer(() => upstream.close());
    const own = Namespace.own();
    await own.ip(['link add upstream type veth peer name eth0 netns upstream']);
    stack.defer(() => own.ip(['link delete upstream']));
    await own.ip([`address add ${OURS}/24 dev upstream`, 'link set upstream up']);
    await upstream.ip([`address add ${UPSTREAM}/24 dev eth0`, 'link set eth0 up']);

    const kubeconfig = await startEmptyApiServer(stack, folder, OURS);
    const server = await ServerProcess.start(tool('peer'), [], {
      enter: upstream.enter,
      environment: { ...OFF, KUBECONFIG: kubeconfig, KUBENURSE_NAMESPACE: NAMESPACE },
      ready: () => respondsWith200(URL_OF_UPSTREAM.href),
    });
    stack.defer(() => server.stop());
    const readTcpInfo = await createTcpInfoReader();
    check = (isFullSize) =>
      checkUrl(URL_OF_UPSTREAM, { isFullSize, readTcpInfo, signal: AbortSignal.timeout(LIMIT_MS) });
  });

  test('upstream accepts the header, and its empty response is a success', async () => {
    const padded = await check(true);
    expect(padded).toMatchObject({ kind: 'ok', code: '200', tcp: { segmentsRetransmitted: 0 } });
    const small = await check(false);
    expect(small.kind).toBe('ok');
    // Three segments instead of one, besides those that acknowledge the response and close.
    expect(padded.tcp?.segmentsSent).toBeGreaterThanOrEqual((small.tcp?.segmentsSent ?? 0) + 2);
  });

  test('if packets over 1,000 bytes do not arrive, the check fails with cause mtu, and a small one succeeds', async () => {
    await upstream.nft(
      [
        'table inet fault {',
        'chain in {',
        'type filter hook prerouting priority filter',
        'iifname eth0 meta length > 1000 drop',
        '}',
        '}',
      ].join('\n'),
    );
    expect((await check(false)).kind).toBe('ok');
    const outcome = await check(true);
    expect(outcome).toMatchObject({ cause: 'mtu' });
    expect(failed(outcome).text).toContain('check the MTU');
  });
});
