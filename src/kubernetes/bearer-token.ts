/**
 * The value of `Authorization` for a token as it is stored: files and environments often add a newline. `undefined`
 * for an empty one. Throws, without showing it, for one that no header may hold (RFC 9110, section 5.5).
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
