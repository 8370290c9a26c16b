import { generateKeyPairSync } from 'node:crypto';

/** The DER encoding of this ASN.1 tag and its content (X.690), up to 64 KiB. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const [INTEGER, BITS, OBJECT, UTF8, TIME, SEQUENCE, SET] = [2, 3, 6, 12, 23, 0x30, 0x31];

/** A PEM certificate whose key defines its curve by parameters. Its signature is invalid. */
export function unnamedCurveCertificate(): string {
  const { publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    paramEncoding: 'explicit',
  });
  const commonName = der(
    SEQUENCE,
    der(OBJECT, Buffer.from([0x55, 4, 3])),
    der(UTF8, Buffer.from('x')),
  );
  const name = der(SEQUENCE, der(SET, commonName));
  const ecdsaWithSha256 = der(SEQUENCE, der(OBJECT, Buffer.from('2a8648ce3d040302', 'hex')));
  const times = ['250101000000Z', '350101000000Z'].map((time) => der(TIME, Buffer.from(time)));
  const signed = der(
    SEQUENCE,
    der(INTEGER, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    der(SEQUENCE, ...times),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const certificate = der(SEQUENCE, signed, ecdsaWithSha256, der(BITS, Buffer.alloc(9)));
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
