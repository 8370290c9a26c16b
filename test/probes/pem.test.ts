import { expect, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { readCertificates, splitPem } from '../../src/probes/pem.ts';

const BEGIN = '-----BEGIN CERTIFICATE-----\n';
const BROKEN = `${BEGIN}bm8=\n-----END CERTIFICATE-----\n`;
const { certificate } = await CertificateAuthority.create('authority');
const whole = certificate.trim();

test.each([
  ['half a certificate before a whole one', whole.slice(0, 100) + certificate],
  ['half a certificate after a whole one', certificate + whole.slice(0, 100)],
])('readCertificates() keeps the whole one of %s', (_, text) => {
  expect(readCertificates(text)).toEqual({
    certificates: [whole],
    mistakes: ['contains 1 certificates without an END line'],
  });
});

test('readCertificates() ignores an end without a beginning', () => {
  expect(readCertificates(`${whole.slice(100)}\n${certificate}`)).toEqual({
    certificates: [whole],
    mistakes: [],
  });
});

test('splitPem() takes linear time: 5 MB of beginnings', () => {
  const begun = performance.now();
  // It takes hours if each is compared with all that follow.
  expect(splitPem(BEGIN.repeat(180_000))).toEqual({ blocks: [], unfinished: 180_000 });
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test('readCertificates() reads nothing from a text that is longer than a ConfigMap can be', () => {
  expect(readCertificates(certificate.padEnd(1024 * 1024))).toMatchObject({ mistakes: [] });
  expect(readCertificates(certificate.padEnd(1024 * 1024 + 1))).toEqual({
    certificates: [],
    mistakes: ['exceeds 1048576 bytes'],
  });
});

test('readCertificates() reads at most 1,000 certificates, and names at most three mistakes', () => {
  const { certificates, mistakes } = readCertificates(certificate + BROKEN.repeat(1_000) + whole);
  expect(certificates).toEqual([whole]);
  expect(mistakes).toEqual([
    'contains 1002 certificates; the first 1000 are read',
    expect.stringMatching(/^contains an invalid certificate, number 2: /),
    expect.stringMatching(/^contains an invalid certificate, number 3: /),
    'has 997 more errors',
  ]);
});
