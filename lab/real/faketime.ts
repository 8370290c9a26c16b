import { globSync } from 'node:fs';

/**
 * Variables with which a program takes the wall clock's time from libfaketime (Debian package
 * faketime): `file` contains the offset, such as `+30m`. Its monotonic clock remains the kernel's.
 * Throws if the library is missing.
 */
export function faketime(file: string): Record<string, string> {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
  if (library === undefined) throw new Error('libfaketime is missing: Debian package faketime');
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
