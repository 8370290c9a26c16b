import type { Assessment } from './assess.ts';
import type { Case } from './look.ts';

/** Describes a case with a wrong verdict, with all that is needed to replay it. */
export function describeCase(
  { seed, cluster, faults, collector }: Case,
  assessment: Assessment,
): string {
  const { findings, missed, surplus, wrong } = assessment;
  const show = (value: unknown) =>
    JSON.stringify(value, (_, each) => (each instanceof Set ? [...each].slice(0, 12) : each));
  return [
    `seed ${seed}, ${faults.length} faults, ${cluster.nodes.length} nodes in ${cluster.zones.length || 1} zones, collected on ${collector}`,
    ...faults.map((fault) => `  broken: ${show(fault)}`),
    ...findings.map(
      (finding) =>
        `  found:  ${finding.kind} ${finding.cause} ${show(finding.subject).slice(0, 300)}: ${finding.headline}`,
    ),
    ...missed.map((fault) => `  MISSED ${fault.kind}`),
    ...surplus.map((finding) => `  SURPLUS ${finding.kind}`),
    ...wrong.map((finding) => `  HEALTHY ACCUSED ${finding.kind}`),
  ].join('\n');
}
