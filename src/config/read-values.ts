import { shown } from './shown.ts';
import { VARIABLES, type Values, type Variable } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The value of each variable, or its default if it cannot be read; what is wrong with the
 * unreadable ones, by variable; and what the user should know about the others.
 */
export function readValues(environment: Environment): {
  values: Values;
  mistakes: Map<string, string>;
  warnings: string[];
} {
  const mistakes = new Map<string, string>();
  const warnings: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable>(VARIABLES)) {
    // An empty variable counts as not set: manifests have one where a chart's value is empty.
    const text = isServiceLink(name, environment[name]) ? '' : (environment[name] ?? '');
    const value = name.endsWith('_HEADERS') ? '[redacted]' : shown(text);
    try {
      if (text !== '') {
        values[name] = variable.parse(text, (message) =>
          warnings.push(`${name}=${value} ${message}`),
        );
      }
    } catch (error) {
      mistakes.set(name, `${name}=${value} ${(error as Error).message}`);
    }
    if (variable.default !== undefined) values[name] ??= variable.parse(variable.default, () => {});
  }
  return { values: values as Values, mistakes, warnings };
}

/**
 * Whether Kubernetes has set the variable for a Service of this name
 * (`KUBENURSE_PORT=tcp://10.96.7.1:8080` for one named kubenurse, as upstream's chart creates it),
 * so that it is not the user's setting.
 */
function isServiceLink(name: string, text = ''): boolean {
  return /^KUBENURSE(_\w+)?_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(text);
}
