import { X509Certificate } from 'node:crypto';

/** The maximum length of a text, in characters: the maximum size of a ConfigMap or a Secret. */
const MAX_LENGTH = 1024 * 1024;

/** How many certificates of a text are read: some six times as many as a browser trusts. */
const MAX_CERTIFICATES = 1_000;

/** How many mistakes in a text are reported; the rest are only counted. */
const MAX_MISTAKES = 3;

const MARK = /-----(BEGIN|END) CERTIFICATE-----/g;

/**
 * The complete PEM certificates of a text, and how many have no end, in time linear in its length.
 */
export function splitPem(text: string): { blocks: string[]; unfinished: number } {
  const blocks: string[] = [];
  let unfinished = 0;
  let begin: number | undefined;
  for (const { 0: mark, 1: kind, index } of text.matchAll(MARK)) {
    if (kind === 'BEGIN') {
      if (begin !== undefined) unfinished++;
      begin = index;
    } else if (begin !== undefined) {
      blocks.push(text.slice(begin, index + mark.length));
      begin = undefined;
    }
  }
  if (begin !== undefined) unfinished++;
  return { blocks, unfinished };
}

/** The usable certificates of a PEM text, and in words what is wrong with the rest. */
export function readCertificates(text: string): { certificates: string[]; mistakes: string[] } {
  if (text.length > MAX_LENGTH) {
    return { certificates: [], mistakes: [`exceeds ${MAX_LENGTH} bytes`] };
  }
  const { blocks, unfinished } = splitPem(text);
  const certificates: string[] = [];
  const mistakes: string[] = [];
  if (blocks.length === 0 && unfinished === 0) mistakes.push('contains no PEM certificate');
  if (unfinished > 0) mistakes.push(`contains ${unfinished} certificates without an END line`);
  if (blocks.length > MAX_CERTIFICATES) {
    mistakes.push(`contains ${blocks.length} certificates; the first ${MAX_CERTIFICATES} are read`);
  }
  for (const [index, block] of blocks.slice(0, MAX_CERTIFICATES).entries()) {
    try {
      new X509Certificate(block);
      certificates.push(block);
    } catch (cause) {
      mistakes.push(
        `contains an invalid certificate, number ${index + 1}: ${(cause as Error).message}`,
      );
    }
  }
  return { certificates, mistakes: limited(mistakes) };
}

function limited(mistakes: string[]): string[] {
  const more = mistakes.length - MAX_MISTAKES;
  return more <= 0 ? mistakes : [...mistakes.slice(0, MAX_MISTAKES), `has ${more} more errors`];
}
