let loading: Promise<typeof import('node:ffi')> | undefined;

/**
 * Loads `node:ffi` without its warning. Rejects if it is unavailable: s390x, or
 * `--no-experimental-ffi`.
 */
export function loadFfi(): Promise<typeof import('node:ffi')> {
  // Only once: if two loads overlapped, the second would take the first one's silent `emitWarning`
  // for the original.
  loading ??= loadSilently();
  return loading;
}

async function loadSilently(): Promise<typeof import('node:ffi')> {
  const { emitWarning } = process;
  // That FFI is experimental concerns this program's maintainers, not readers of the pod's stderr.
  process.emitWarning = () => {};
  try {
    return await import('node:ffi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
