import { SocketAddress } from 'node:net';

/** Length of a record's data by type, in bytes (RFC 1035, RFC 3596). */
const BYTES = { A: 4, AAAA: 16 } as const;

export type Family = keyof typeof BYTES;

/** The addresses in records of that type. Data of another length is skipped, as in glibc. */
export function readAddresses(family: Family, records: readonly Buffer[]): string[] {
  const text = family === 'A' ? ipv4 : ipv6;
  return records.filter(({ length }) => length === BYTES[family]).map(text);
}

function ipv4(data: Buffer): string {
  return data.join('.');
}

function ipv6(data: Buffer): string {
  const address = data.toString('hex').replace(/....(?!$)/g, '$&:');
  return new SocketAddress({ family: 'ipv6', address }).address;
}
