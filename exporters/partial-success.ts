import { DiagLogLevel, diag } from '@opentelemetry/api';

/**
 * What the OTLP packages write to the API's diagnostics: nothing else from them reports that data
 * points were rejected.
 */
const MESSAGE = 'Received Partial Success response:';

const ignore = () => {};

/**
 * Follows the diagnostics. The returned function returns the last partial success in words, once,
 * or `undefined` if there was none.
 */
export function followPartialSuccess(): () => string | undefined {
  let last: string | undefined;
  const warn = (message: string, json: unknown) => {
    if (message === MESSAGE) last = describe(String(json));
  };
  diag.setLogger(
    { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  return () => {
    const taken = last;
    last = undefined;
    return taken;
  };
}

/** Returns undefined if nothing was rejected: such a message is only advice. */
function describe(json: string): string | undefined {
  const { rejectedDataPoints = 0, errorMessage = '' } = JSON.parse(json);
  // In JSON an int64 is a string.
  if (Number(rejectedDataPoints) === 0) return undefined;
  const reason = errorMessage === '' ? '' : `: ${errorMessage}`;
  return `the receiver rejected ${rejectedDataPoints} data points${reason}`;
}
