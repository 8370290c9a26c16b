/** A series as it came out. `start`: milliseconds since the epoch, where the exporter exports it. */
export type Series = Readonly<{
  name: string;
  attributes: Record<string, string>;
  value: number | { count: number; sum: number; boundaries: number[]; counts: number[] };
  start?: number;
}>;
