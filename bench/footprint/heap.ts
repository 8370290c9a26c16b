/**
 * The size of V8's heap after its last full collection, in bytes, from the output of a program that
 * runs with `--trace-gc` (in MiB, with one decimal); undefined before the first one.
 */
export function heapAfterCollection(output: string): number | undefined {
  const collections = output.matchAll(/Mark-Compact .*? -> ([\d.]+) \(/g);
  const mebibytes = [...collections].at(-1)?.[1];
  return mebibytes === undefined ? undefined : Number(mebibytes) * 2 ** 20;
}
