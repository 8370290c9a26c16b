import { onTestFinished } from 'vitest';
import { ApiClient } from '../../contract/api-client.ts';
import { EmbeddedApiServer } from './embedded-api-server.ts';

/** A separate server, which the running test closes, and a client that may read everything. */
export async function startWithClient(
  options: { historyLimit?: number; bookmarkIntervalMs?: number } = {},
): Promise<{ server: EmbeddedApiServer; token: string; client: ApiClient }> {
  const server = await EmbeddedApiServer.start({ address: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => server.close());
  const token = await server.issueToken('prober');
  return { server, token, client: new ApiClient(server, token) };
}
