/** An exported series. `start`: milliseconds since the epoch, if the exporter exports it. */
export type Series = Readonly<{
  name: string;
  attributes: Record<string, string>;
  value: number | { count: number; sum: number; boundaries: number[]; counts: number[] };
  start?: number;
}>;
