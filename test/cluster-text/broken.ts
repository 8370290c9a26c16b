import type { Kind } from '../../src/verdict/finding.ts';
import { type Broken, between, FIVE, NO_PATTERN } from '../verdict/small-view.ts';

/**
 * What is broken in a small cluster to get a finding of each kind. An extra check is like another
 * component.
 */
export const BROKEN: Readonly<Record<Exclude<Kind, 'extra'>, Broken>> = {
  cut_off: {
    silent: { 'node-2': 'unreachable', 'node-3': 'unreachable' },
    failing: { 'node-1 me_ingress': 'unreachable' },
  },
  mostly_silent: {
    silent: { 'node-2': 'status', 'node-3': 'status' },
    failing: { '* → node-2': 'ok', '* → node-3': 'ok' },
  },
  split: { nodes: FIVE, silent: { 'node-4': 'unreachable', 'node-5': 'unreachable' } },
  node_unreachable: { silent: { 'node-2': 'refused' }, consecutive: 700 },
  node_reaches_nobody: { failing: between([2], [1, 3]) },
  dns: {
    failing: { '* api_server_dns': 'dns', '* me_service': 'dns', '* me_ingress': 'dns' },
  },
  api_server: { failing: { '* api_server_direct': 'refused', '* api_server_dns': 'refused' } },
  api_server_by_name: { failing: { '* api_server_dns': 'tls' } },
  service: {
    nodes: FIVE,
    failing: { 'node-4 me_service': 'unreachable', 'node-5 me_service': 'unreachable' },
  },
  ingress: { failing: { '* me_ingress': 'status' } },
  name_server: {
    nameServers: ['10.0.0.1', '10.0.0.2'],
    failing: { '* dns_10.0.0.1': 'dns', '* dns_tcp_10.0.0.1': 'dns' },
    slow: { '* api_server_dns': 5.01, '* me_service': 5.01, '* me_ingress': 5.01 },
  },
  mtu: { failing: between([1, 2, 3], [1, 2, 3], 'mtu') },
  loss: {
    again: {
      'node-2 → node-1': 8,
      'node-2 → node-3': 9,
      'node-1 → node-2': 7,
      'node-3 → node-2': 10,
    },
  },
  path: { failing: { ...between([1], [2]), ...between([2], [1]) } },
  starved: { starved: ['node-2'] },
  slow: { slow: { 'node-1 → node-3': 0.08, 'node-2 → node-3': 0.09 } },
  unclear: NO_PATTERN,
  silent: { silent: { 'node-2': 'unreachable' }, cordoned: ['node-2'] },
  pod_list_stale: { podListError: 'no response within 5 s' },
};
