/**
 * The value of `Authorization` for a token as stored: files and environments often add a newline.
 * Returns `undefined` for an empty token. Throws, without showing it, if no header may contain it
 * (RFC 9110, section 5.5).
 */
export function bearerAuthorization(stored: string): string | undefined {
  const token = stored.trim();
  if (token === '') return undefined;
  if (/[^\x20-\x7e]/.test(token)) {
    throw new Error(
      'the API server token contains a line break or another character that a header cannot contain',
    );
  }
  return `Bearer ${token}`;
}
