import { readFileSync, statSync } from 'node:fs';

/** How soon a change is noticed, in milliseconds. The kubelet itself renews mounted files only about once a minute. */
const POLL_INTERVAL_MS = 2_000;

/**
 * Calls `onChange` when the file changes, also where the name is a symbolic link that is swapped, as the kubelet does
 * it. Returns a function that stops this.
 */
export function onFileChange(path: string, onChange: () => void): () => void {
  // Not fs.watchFile: it takes its first look late, and never reports a change before that.
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

/** Another one after each change; empty where there is no file. */
function version(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join();
  } catch {
    return '';
  }
}

/**
 * Hands the file's content to `onContent`, now and at each change. A file that cannot be read goes to `onError`
 * instead. Returns a function that stops this.
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
