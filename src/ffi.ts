let loading: Promise<typeof import('node:ffi')> | undefined;

/** Loads `node:ffi`, without its warning. Rejects where there is none: s390x, or `--no-experimental-ffi`. */
export function loadFfi(): Promise<typeof import('node:ffi')> {
  // Once: of two at a time, the second would take the first one's silence for the original.
  loading ??= loadSilently();
  return loading;
}

async function loadSilently(): Promise<typeof import('node:ffi')> {
  const { emitWarning } = process;
  // That FFI is experimental concerns who maintains this program, not who reads the pod's standard error.
  process.emitWarning = () => {};
  try {
    return await import('node:ffi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
