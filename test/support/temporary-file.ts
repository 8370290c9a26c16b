import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The path of a new file with this content, in its own folder, until the test has finished. */
export function temporaryFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubenurse-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}
