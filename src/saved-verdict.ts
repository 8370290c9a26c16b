import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { readSaved } from './cluster/read-saved.ts';
import { clusterText } from './cluster-text/cluster-text.ts';
import { RUNBOOKS } from './runbooks.ts';
import { verdict } from './verdict/verdict.ts';

/** A saved `/cluster.json` cannot be read; the message says which, and why. */
export class SavedError extends Error {}

/**
 * The text of `/cluster.txt` for a saved `/cluster.json`. `-`: standard input. Rejects with a
 * `SavedError`.
 */
export async function savedVerdict(file: string): Promise<string> {
  try {
    const saved = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    const view = readSaved(saved);
    return clusterText({ view, findings: verdict(view) }, RUNBOOKS).trimEnd();
  } catch (cause) {
    throw new SavedError(
      `cannot evaluate ${file === '-' ? 'standard input' : file}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
