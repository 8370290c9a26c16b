import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encodeTestPacket } from '../../src/stamp/packets.ts';
import { startReflector } from '../../src/stamp/reflector.ts';
import { runSession } from '../../src/stamp/sender.ts';

const isMissing = ['tshark', 'text2pcap'].some((name) => spawnSync(name, ['--version']).error);
const reason = isMissing ? ' (tshark is missing: apt-get install tshark)' : '';

/** Fields of TWAMP-Test packets, which STAMP shares: Wireshark has one decoder for both. */
const FIELDS = [
  'seq_number',
  'timestamp',
  'error_estimate.s',
  'error_estimate.multiplier',
  'mbz1',
  'receive_timestamp',
  'sender_seq_number',
  'sender_timestamp',
  'sender_ttl',
];

/** The fields of a UDP payload, by their names, as tshark decodes them. */
function decoded(payload: Buffer): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'kubenurse-stamp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [dump, capture] = [join(folder, 'packet.txt'), join(folder, 'packet.pcap')];
  const octets = [...payload].map((octet) => octet.toString(16).padStart(2, '0'));
  writeFileSync(dump, `000000 ${octets.join(' ')}\n`);
  const run = (program: string, args: string[]) =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('text2pcap', ['-u', '40000,8862', dump, capture]);
  const values = run('tshark', [
    ...['-r', capture, '-d', 'udp.port==8862,twamp.test', '-T', 'fields', '-E', 'occurrence=f'],
    ...FIELDS.flatMap((field) => ['-e', `twamp.test.${field}`]),
  ]);
  const texts = values.replace(/\n$/, '').split('\t');
  return Object.fromEntries(FIELDS.map((field, index) => [field, texts[index] ?? '']));
}

/** The Unix time in seconds of `Jan  1, 2026 00:00:00.500000000 UTC`. */
function unixTime(text: string): number {
  const [, seconds, fraction] = /^(.+?)(\.\d+) UTC$/.exec(text) ?? [];
  return Date.parse(`${seconds} UTC`) / 1000 + Number(fraction);
}

test.skipIf(isMissing)(`tshark decodes a packet and the reflector's reply${reason}`, async () => {
  const { port, close } = await startReflector({
    ...{ address: '127.0.0.1', port: 0 },
    onError: (error) => expect.fail(error.message),
  });
  onTestFinished(() => close());
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const timestamp = 1_767_225_600.5;
  const packet = encodeTestPacket({ sequence: 7, session: 0xabcd, timestamp }, 100);
  socket.send(packet, port, '127.0.0.1');
  const [reply] = (await once(socket, 'message')) as [Buffer];
  const now = Date.now() / 1000;

  const sent = decoded(packet);
  expect(sent).toMatchObject({
    seq_number: '7',
    'error_estimate.s': '0',
    'error_estimate.multiplier': '1',
    mbz1: '43981',
  });
  expect(unixTime(sent.timestamp ?? '')).toBe(timestamp);

  const replied = decoded(reply);
  expect(replied).toMatchObject({
    seq_number: '0',
    mbz1: '43981',
    sender_seq_number: '7',
    sender_ttl: '255',
  });
  expect(unixTime(replied.sender_timestamp ?? '')).toBe(timestamp);
  expect(Math.abs(unixTime(replied.receive_timestamp ?? '') - now)).toBeLessThan(60);
  expect(unixTime(replied.timestamp ?? '')).toBeGreaterThanOrEqual(
    unixTime(replied.receive_timestamp ?? ''),
  );
});

test.skipIf(isMissing)(`tshark decodes the packets of a session${reason}`, async () => {
  const reflector = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void reflector.close());
  await once(reflector, 'listening');
  const packets: Buffer[] = [];
  reflector.on('message', (packet) => packets.push(packet));
  const begin = Date.now() / 1000;
  await runSession('127.0.0.1', reflector.address().port, AbortSignal.timeout(5_000));
  expect(packets).toHaveLength(10);

  const [fullSize, small] = packets.map((packet) => ({ packet, fields: decoded(packet) }));
  expect([fullSize?.packet.length, small?.packet.length]).toEqual([1_472, 44]);
  for (const [sequence, fields] of [fullSize?.fields, small?.fields].entries()) {
    expect(fields).toMatchObject({
      seq_number: `${sequence}`,
      'error_estimate.s': '0',
      'error_estimate.multiplier': '1',
      mbz1: fullSize?.fields.mbz1,
    });
    expect(Math.abs(unixTime(fields?.timestamp ?? '') - begin)).toBeLessThan(60);
  }
  expect(fullSize?.fields.mbz1).not.toBe('0');
});
