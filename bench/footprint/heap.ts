/**
 * What V8's heap held after the last collection of all of it, in bytes, by what a program wrote that runs with
 * `--trace-gc` (in MiB, with one digit after the point); undefined before the first one.
 */
export function heapAfterCollection(output: string): number | undefined {
  const collections = output.matchAll(/Mark-Compact .*? -> ([\d.]+) \(/g);
  const mebibytes = [...collections].at(-1)?.[1];
  return mebibytes === undefined ? undefined : Number(mebibytes) * 2 ** 20;
}
