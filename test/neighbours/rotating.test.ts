import { expect, test, vi } from 'vitest';
import { CheckStates } from '../../src/check-states.ts';
import { createChecks } from '../../src/checks.ts';
import type { Probe, Recorder, Result } from '../../src/model.ts';
import { RotatingNeighbours } from '../../src/neighbours/rotating.ts';
import { metricsRecorder, suspectRecorder } from '../../src/recorders.ts';
import { Schedule } from '../../src/schedule.ts';
import { failed, hangingProbe, ok } from '../support/fake-check.ts';
import { useFakeClock } from '../support/fake-clock.ts';
import { podOn } from '../support/pods.ts';
import { scrapedMetrics } from '../support/scraped-metrics.ts';
import { playNeighbourhood } from './neighbourhood.ts';

const INTERVAL = 5_000;

useFakeClock();

const NONE = { apiServerDirect: undefined, apiServerDns: undefined, extra: [] };
const TARGETS = { ...NONE, meIngress: undefined, meService: undefined };

/**
 * Starts a pod on `own` with this many others, of which it always checks `limit`; `probe` makes its
 * rotating checks.
 */
function startPod(
  others: number,
  {
    limit = 10,
    count = 1,
    probe = async () => ok(),
  }: {
    limit?: number;
    count?: number;
    probe?: Probe;
  } = {},
) {
  const played = playNeighbourhood({ limit });
  const nodes = Array.from({ length: others }, (_, index) => `node-${index}`);
  const pods = nodes.map((node, index) => podOn(node, { podIP: `10.0.0.${index + 1}` }));
  played.put(...pods);
  // Its grace period of a second does not pass by a fake clock.
  vi.spyOn(played.neighbourhood, 'isGone').mockResolvedValue(false);
  const rotating = new RotatingNeighbours(played.neighbourhood, count);
  const states = new CheckStates(0);
  const { metrics, series } = scrapedMetrics({ isStale: states.isStale });
  const results: Result[] = [];
  const log: unknown[][] = [];
  const warn = (...line: unknown[]) => log.push(line);
  const recorders: Recorder[] = [
    { record: (result) => results.push(result) },
    metricsRecorder(metrics),
    suspectRecorder((result) => rotating.record(result), { warn }),
  ];
  const fixed = async () => ok();
  const neighbours = { scheme: 'http', port: 8080 } as const;
  const checks = createChecks(
    { ...TARGETS, neighbours },
    { apiServer: fixed, neighbour: fixed, rotating: probe, other: fixed },
    played.neighbourhood,
    { isTooEarly: async () => false },
    rotating,
  );
  const schedule = new Schedule({ checks, states, recorders, interval: INTERVAL, phaseOffset: 0 });
  schedule.start();
  return { ...played, pods, nodes, schedule, states, results, series, log };
}

const nodesOf = (results: readonly Result[], type: string) =>
  results
    .filter(({ check }) => check.type === type)
    .map(({ check }) => check.target.neighbour?.nodeName);

const rounds = (count: number) => vi.advanceTimersByTimeAsync(count * INTERVAL);

/** A probe that reaches every node but this one, while it is broken. */
function brokenPath(node: string) {
  const path = { isBroken: true };
  const probe: Probe = async ({ neighbour }) =>
    path.isBroken && neighbour?.nodeName === node ? failed('connect') : ok();
  return { path, probe };
}

test('rotating checks reach each of the other nodes once in as many rounds as there are such nodes', async () => {
  const { results, nodes, schedule } = startPod(30);
  await rounds(29.9);
  expect(nodesOf(results, 'rotating').toSorted()).toEqual(nodes.toSorted());
  schedule.stop();
});

test('nothing rotates if all others are fixed neighbours, or if rotation is off', async () => {
  const small = startPod(10);
  const off = startPod(30, { count: 0 });
  await rounds(3);
  for (const { results, states, series, schedule } of [small, off]) {
    expect(nodesOf(results, 'rotating')).toEqual([]);
    expect(states.current()).toHaveLength(10);
    expect(Object.keys(await series()).filter((name) => name.includes('rotating'))).toEqual([]);
    schedule.stop();
  }
});

test('a rotating check is counted only by its type, and has no state, no last result and no info', async () => {
  const { states, series, schedule } = startPod(30);
  await rounds(29.9);
  expect(states.current().map(({ check }) => check.type)).not.toContain('rotating');
  const all = await series();
  expect(all).toMatchObject({
    'kubenurse_httpclient_requests_total{type="rotating",code="200"}': 30,
  });
  const names = Object.keys(all).join('\n');
  expect(names).not.toMatch(
    /kubenurse_(check_success|neighbour_info|neighbour_suspect)\{type="rotating"/,
  );
  expect(names.match(/neighbour_info/g)).toHaveLength(10);
  schedule.stop();
});

test('the result of a rotating check that takes longer than a round counts for its own neighbour', async () => {
  const { probe, attempts } = hangingProbe();
  const { results, schedule } = startPod(30, { probe });
  await rounds(1);
  attempts[0]?.resolve(failed('connect'));
  await rounds(0.1);
  const first = nodesOf(results, 'rotating');
  attempts[1]?.resolve(ok());
  await rounds(0.1);
  expect(new Set(nodesOf(results, 'rotating')).size).toBe(2);
  expect(first).toHaveLength(1);
  schedule.stop();
});

test('a refresh runs no rotating check', async () => {
  const { results, schedule } = startPod(30);
  await rounds(0.9);
  await schedule.refresh(0);
  expect(nodesOf(results, 'rotating')).toHaveLength(1);
  schedule.stop();
});

test('a broken path is found, and checked by name in each round until it has been ok for five minutes', async () => {
  const own = playNeighbourhood();
  own.put(...Array.from({ length: 30 }, (_, index) => podOn(`node-${index}`)));
  const far =
    Array.from({ length: 30 }, (_, index) => `node-${index}`).find(
      (node) => !own.checkedNodes().includes(node),
    ) ?? '';
  const { path, probe } = brokenPath(far);
  const pod = startPod(30, { probe });
  await rounds(31);
  expect(pod.log).toEqual([
    [
      {
        type: 'rotating',
        node: far,
        event: 'connect_done',
        cause: 'refused',
        error: 'connection refused',
      },
      'rotating check failed',
    ],
  ]);
  const suspect = () => pod.states.current().find(({ check }) => check.type === `path_${far}`);
  expect(suspect()?.streak?.outcome.kind).toBe('failed');
  expect(await pod.series()).toMatchObject({
    [`kubenurse_neighbour_suspect{type="path_${far}"}`]: 1,
    [`kubenurse_check_success{type="path_${far}"}`]: 0,
  });

  path.isBroken = false;
  await rounds(59);
  expect(suspect()?.streak?.outcome.kind).toBe('ok');
  await rounds(3);
  expect(suspect()).toBeUndefined();
  expect(Object.keys(await pod.series()).filter((name) => name.includes(`path_${far}"`))).toEqual(
    [],
  );
  pod.schedule.stop();
});

test('a suspect that becomes a fixed neighbour is no longer a suspect', async () => {
  const pod = startPod(12, { limit: 4, probe: async () => failed('connect') });
  await rounds(12);
  const marks = async () =>
    Object.keys(await pod.series()).filter((name) => name.includes('neighbour_suspect'));
  expect(await marks()).toHaveLength(8);
  const fixed = pod.checkedNodes();
  for (const each of pod.pods) if (fixed.includes(each.neighbour.nodeName)) pod.remove(each);
  await rounds(2);
  const types = pod.checkedNodes().map((node) => `path_${node}`);
  const roles = pod.states.current().filter(({ check }) => types.includes(check.type));
  expect(roles.map(({ check }) => check.role)).toEqual(Array(4).fill(undefined));
  expect(await marks()).toHaveLength(4);
  pod.schedule.stop();
});

test('a node that is gone is not a suspect', async () => {
  const pod = startPod(12, { limit: 4, probe: async () => failed('connect') });
  await rounds(12);
  for (const each of pod.pods) pod.remove(each);
  await rounds(2);
  expect(pod.states.current()).toEqual([]);
  pod.schedule.stop();
});
