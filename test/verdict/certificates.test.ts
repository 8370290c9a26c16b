import { expect, test } from 'vitest';
import { certificateSentence, expiringCertificates } from '../../src/verdict/certificates.ts';
import { withCertificates } from './certificates.ts';
import { NOW, smallView } from './small-view.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The sentences about the certificates that these checks of node-1 receive. */
function sentences(notAfter: Readonly<Record<string, number>>): string[] {
  const view = withCertificates(smallView({}), { 'node-1': notAfter });
  return expiringCertificates(view).map((each) => certificateSentence(each, NOW));
}

test.each([
  [14 * DAY - 1, 'expires in 13 d 23 h, at 2026-12-12 11:59 UTC'],
  [2 * DAY, 'expires in 2 d, at 2026-11-30 12:00 UTC'],
  [2 * DAY - 1, 'expires in 1 d 23 h, at 2026-11-30 11:59 UTC'],
  [HOUR, 'expires in 1 h, at 13:00 UTC'],
  [0, 'expired 0 s ago, at 12:00 UTC'],
  [-3 * DAY, 'expired 3 d ago, at 2026-11-25 12:00 UTC'],
])('a certificate with %d s left', (seconds, expected) => {
  expect(sentences({ me_ingress: NOW + seconds })).toEqual([
    `me_ingress: the certificate ${expected} (1 node).`,
  ]);
});

test('a certificate that expires in 14 days or later is not listed', () => {
  expect(sentences({ me_ingress: NOW + 14 * DAY })).toEqual([]);
});

test.each([
  [3 * DAY, false],
  [3 * DAY - 1, true],
])('a certificate with %d s left is urgent: %s', (seconds, isUrgent) => {
  const view = withCertificates(smallView({}), { 'node-1': { me_ingress: NOW + seconds } });
  expect(expiringCertificates(view)).toMatchObject([{ isUrgent }]);
});

test('certificates are listed by check, those of neighbours as one, the first to expire first', () => {
  const view = withCertificates(smallView({}), {
    'node-1': { 'path_node-2': NOW + 4 * DAY, 'path_node-3': NOW + 3 * DAY, me_service: NOW + 20 },
    'node-2': { 'path_node-1': NOW + 5 * DAY, me_service: NOW + DAY },
    'node-3': { me_service: NOW + 30 * DAY },
  });
  expect(expiringCertificates(view)).toEqual([
    { name: 'me_service', notAfter: NOW + 20, nodes: 2, isUrgent: true },
    { name: 'the pods of kubenurse', notAfter: NOW + 3 * DAY, nodes: 2, isUrgent: false },
  ]);
});
