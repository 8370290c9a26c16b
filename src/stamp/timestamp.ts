/** Seconds from the start of NTP's era 0 (1900) to the Unix epoch (RFC 5905, figure 4). */
const NTP_TO_UNIX = 2_208_988_800;

/**
 * Seconds of one NTP era. Times with the highest bit clear belong to era 1, which begins in 2036
 * (RFC 4330).
 */
const ERA = 2 ** 32;

/**
 * The error estimate of every timestamp that is sent (RFC 4656, section 4.1.2): not known to be
 * synchronized, NTP format, and 2^-10 s, which holds unless the event loop is overloaded.
 */
export const ERROR_ESTIMATE = (22 << 8) | 1;

/** Unix time in seconds, to a fraction of a microsecond. It never jumps while the process runs. */
export function currentTime(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** Writes a Unix time in seconds as a 64-bit NTP timestamp. */
export function writeTimestamp(packet: Buffer, offset: number, time: number): void {
  const seconds = Math.floor(time);
  packet.writeUInt32BE((seconds + NTP_TO_UNIX) % ERA, offset);
  packet.writeUInt32BE(Math.floor((time - seconds) * 2 ** 32), offset + 4);
}

/** Reads a 64-bit NTP timestamp as a Unix time in seconds. */
export function readTimestamp(packet: Buffer, offset: number): number {
  const seconds = packet.readUInt32BE(offset);
  const era = seconds < ERA / 2 ? ERA : 0;
  return seconds + era - NTP_TO_UNIX + packet.readUInt32BE(offset + 4) / 2 ** 32;
}
