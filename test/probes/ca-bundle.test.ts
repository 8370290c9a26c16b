import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { until } from '../../lab/support/until.ts';
import { createCaBundle } from '../../src/probes/ca-bundle.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { checkUrl, failed } from './check-once.ts';

/** An authority, and a function that starts a server whose certificate it has signed. */
async function signed(name: string) {
  const authority = await CertificateAuthority.create(name);
  const tls = await authority.issue({ commonName: name, ipAddresses: ['127.0.0.1'] });
  return { name, pem: authority.certificate, start: () => ScriptedServer.start({ tls }) };
}

const system = await signed('system');
const cluster = await signed('cluster');
const extra = await signed('extra');
const other = await signed('other');
const broken = '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';

const folder = mkdtempSync(join(tmpdir(), 'kubenurse-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function file(content: string): string {
  const path = join(folder, String(files++));
  writeFileSync(path, content);
  return path;
}

process.env.SSL_CERT_FILE = file(system.pem);
process.env.SSL_CERT_DIR = join(folder, 'none');

function trust(options: { pem?: string; cluster?: string; extra?: string }) {
  const mistakes: string[] = [];
  const { secureContext, close } = createCaBundle({
    cluster: {
      ...(options.pem === undefined ? {} : { pem: options.pem }),
      ...(options.cluster === undefined ? {} : { file: options.cluster }),
    },
    extraFile: options.extra,
    onMistake: (mistake) => mistakes.push(mistake),
  });
  onTestFinished(close);
  return { secureContext, mistakes };
}

/** Which of the servers are trusted. */
async function trusted(secureContext: () => SecureContext): Promise<string[]> {
  const names: string[] = [];
  for (const { name, start } of [system, cluster, extra, other]) {
    const outcome = await checkUrl((await start()).url(), { secureContext });
    if (outcome.kind === 'ok') names.push(name);
    else expect(failed(outcome).phase).toBe('handshake');
  }
  return names;
}

describe('createCaBundle() trusts', () => {
  test.each([
    { whom: "the system's authorities", given: {}, names: ['system'] },
    {
      whom: 'the authorities of each file as well',
      given: { cluster: file(cluster.pem), extra: file(extra.pem) },
      names: ['system', 'cluster', 'extra'],
    },
    { whom: 'those of a text as well', given: { pem: cluster.pem }, names: ['system', 'cluster'] },
    {
      whom: 'all that a file holds, whatever stands around them',
      given: { extra: file(`# ours\r\n${extra.pem}\nmore\n${other.pem}${other.pem}end`) },
      names: ['system', 'extra', 'other'],
    },
  ])('$whom', async ({ given, names }) => {
    const { secureContext, mistakes } = trust(given);

    expect(await trusted(secureContext)).toEqual(names);
    expect(mistakes).toEqual([]);
  });

  test("the authorities in each of the system's folders, beside unusable files", async () => {
    const systemFolder = join(folder, 'certs');
    mkdirSync(join(systemFolder, 'folder'), { recursive: true });
    writeFileSync(join(systemFolder, 'a'), 'garbage');
    writeFileSync(join(systemFolder, 'b'), broken);
    writeFileSync(join(systemFolder, 'c'), other.pem);
    writeFileSync(join(systemFolder, 'd'), `${extra.pem.slice(0, 200)}\n${system.pem}${other.pem}`);
    const { SSL_CERT_DIR } = process.env;
    onTestFinished(() => {
      process.env.SSL_CERT_DIR = SSL_CERT_DIR;
    });
    process.env.SSL_CERT_DIR = `${join(folder, 'none')}:${systemFolder}:`;

    expect(await trusted(trust({}).secureContext)).toEqual(['system', 'other']);
  });

  test('with one context for all handshakes, because creating it takes long', () => {
    const { secureContext } = trust({ extra: file(extra.pem) });

    expect(secureContext()).toBe(secureContext());
  });
});

describe("upstream fault: a bad KUBENURSE_EXTRA_CA costs the cluster's authority as well", () => {
  const missing = join(folder, 'missing');
  const garbage = file('garbage');
  const halfAndWhole = file(`${other.pem.slice(0, 100)}\n${extra.pem}${other.pem.slice(0, 300)}`);
  const threeOfWhichOneIsBroken = file(`${extra.pem}${broken}${other.pem}`);

  test.each([
    {
      what: 'a missing file',
      path: missing,
      mistake: `ENOENT: no such file or directory, open '${missing}'`,
      names: ['system', 'cluster'],
    },
    {
      what: 'a folder',
      path: folder,
      mistake: 'EISDIR: illegal operation on a directory, read',
      names: ['system', 'cluster'],
    },
    {
      what: 'a file of something else',
      path: garbage,
      mistake: `${garbage} contains no PEM certificate`,
      names: ['system', 'cluster'],
    },
    {
      what: 'half a certificate before a whole one',
      path: halfAndWhole,
      mistake: / contains 2 certificates without an END line$/,
      names: ['system', 'cluster', 'extra'],
    },
    {
      what: 'one broken certificate of three',
      path: threeOfWhichOneIsBroken,
      mistake: / contains an invalid certificate, number 2: /,
      names: ['system', 'cluster', 'extra', 'other'],
    },
  ])('$what is reported, and costs nothing else', async ({ path, mistake, names }) => {
    const { secureContext, mistakes } = trust({ cluster: file(cluster.pem), extra: path });

    expect(await trusted(secureContext)).toEqual(names);
    expect(mistakes).toEqual([
      typeof mistake === 'string'
        ? `KUBENURSE_EXTRA_CA: ${mistake}`
        : expect.stringMatching(mistake),
    ]);
  });
});

test('createCaBundle() follows its files until it is closed: a change is trusted, a mistake costs nothing', async () => {
  const [clusterFile, extraFile] = [file(cluster.pem), file(extra.pem)];
  const { secureContext, mistakes } = trust({ cluster: clusterFile, extra: extraFile });
  const closed = createCaBundle({
    cluster: {},
    extraFile,
    onMistake: (mistake) => mistakes.push(mistake),
  });
  closed.close();
  const before = closed.secureContext();
  expect(await trusted(secureContext)).toEqual(['system', 'cluster', 'extra']);

  writeFileSync(clusterFile, broken);
  writeFileSync(extraFile, other.pem);
  await until('the changes are noticed', 8_000, async () => {
    return mistakes.length > 0 && (await trusted(secureContext)).includes('other');
  });
  expect(await trusted(secureContext)).toEqual(['system', 'cluster', 'other']);

  expect(mistakes).toEqual([expect.stringMatching(/^the cluster's CA: .* number 1: /)]);
  expect(closed.secureContext()).toBe(before);
});
