/** Loads `node:ffi`, without its warning. Rejects where there is none: s390x, or `--no-experimental-ffi`. */
export async function loadFfi(): Promise<typeof import('node:ffi')> {
  const { emitWarning } = process;
  // That FFI is experimental concerns who maintains this program, not who reads the pod's standard error.
  process.emitWarning = () => {};
  try {
    return await import('node:ffi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
