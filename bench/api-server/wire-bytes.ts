import { run } from '../../lab/support/command.ts';

/** The port of the API server. */
const PORT = 6443;
const TABLE = 'bridge sent_by_the_api_server';

/**
 * Counts every packet from this address of the API server to one of these clients, on the bridge
 * between them.
 */
export async function countBytes(server: string, clients: readonly string[]): Promise<void> {
  const rules = clients.flatMap((client) => [
    `add counter ${TABLE} ${counterOf(client)}`,
    `add rule ${TABLE} everything ip saddr ${server} tcp sport ${PORT} ip daddr ${client} counter name ${counterOf(client)}`,
  ]);
  const chain = `add chain ${TABLE} everything { type filter hook prerouting priority 0; }`;
  await run(['nft', '-f', '-'], [`add table ${TABLE}`, chain, ...rules, ''].join('\n'));
}

/** Bytes sent to a client so far, including the headers of TCP and IP and the overhead of TLS. */
export async function bytesSentTo(client: string): Promise<number> {
  const listed = JSON.parse(
    await run(['nft', '--json', 'list', 'counters', 'table', ...TABLE.split(' ')]),
  );
  const counters: { counter?: { name: string; bytes: number } }[] = listed.nftables;
  return counters.find(({ counter }) => counter?.name === counterOf(client))?.counter?.bytes ?? 0;
}

function counterOf(client: string): string {
  return `to-${client.replaceAll('.', '-')}`;
}
