import type { Scenario } from '../cluster/scenario.ts';
import type { RealParts } from './real-parts.ts';

/**
 * For clusters that check name servers and have two: the one with this address, which is queried
 * first, does not respond. The other one still resolves names.
 */
export function nameServerScenarios(address: string): Scenario<RealParts>[] {
  const silent = 'dns_timeout dns';
  return [
    {
      name: 'the first of two name servers is silent',
      begin: async ({ parts }) => parts.firstDns?.break('silent'),
      end: async ({ parts }) => parts.firstDns?.break(undefined),
      shows: () => ({ [`dns_${address}`]: silent, [`dns_tcp_${address}`]: silent }),
      verdict: 'name_server cluster',
      meanwhile: async ({ nodes: [node] }) => {
        const { body = '' } = (await node?.get('/cluster.txt')) ?? {};
        for (const text of [
          `One of 2 name servers, ${address}, fails`,
          'Names are still resolved there',
        ]) {
          if (!body.includes(text)) throw new Error(`"${text}" is missing in:\n${body}`);
        }
      },
    },
  ];
}
