import { readFileSync, statSync } from 'node:fs';

/**
 * How soon a change is noticed, in milliseconds. The kubelet updates mounted files only about once
 * a minute.
 */
const POLL_INTERVAL_MS = 2_000;

/**
 * Calls `onChange` when the file changes, even if its path is a symbolic link that is swapped, as
 * by the kubelet. Returns a function that stops this.
 */
export function onFileChange(path: string, onChange: () => void): () => void {
  // Not fs.watchFile: its first look comes late, and it reports no change before that.
  let seen = version(path);
  const timer = setInterval(() => {
    const now = version(path);
    if (now === seen) return;
    seen = now;
    onChange();
  }, POLL_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Differs after each change; empty if there is no file. */
function version(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join();
  } catch {
    return '';
  }
}

/**
 * Calls `onContent` with the file's content, now and at each change, or `onError` if the file
 * cannot be read. Returns a function that stops this.
 */
export function followFile(
  path: string,
  onContent: (content: string) => void,
  onError: (error: Error) => void,
): () => void {
  const read = () => {
    let content: string;
    try {
      content = readFileSync(path, 'utf8');
    } catch (error) {
      onError(error as Error);
      return;
    }
    onContent(content);
  };
  const stop = onFileChange(path, read);
  read();
  return stop;
}
