/** Posts the counters to the URL in MY_ENDPOINT, a line each: `name {"attribute":"value"} 3`. */
export function createExporter({ environment, push }) {
  return push(async ({ scopeMetrics }, signal) => {
    const lines = scopeMetrics
      .flatMap(({ metrics }) => metrics.filter(({ isMonotonic }) => isMonotonic))
      .flatMap(({ descriptor: { name }, dataPoints }) =>
        dataPoints.map((point) => `${name} ${JSON.stringify(point.attributes)} ${point.value}`),
      );
    const options = { method: 'POST', body: lines.join('\n'), signal };
    const { ok, status } = await fetch(environment.MY_ENDPOINT, options);
    if (!ok) throw new Error(`the endpoint responded with ${status}`);
  });
}
