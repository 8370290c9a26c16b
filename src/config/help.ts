import { GROUPS, type Variable } from './variables.ts';

const WIDTH = 100;

/** The output of `kubenurse --help`. */
export function help(): string {
  return `kubenurse: a network probe for Kubernetes

Usage: kubenurse [--check-config | --help | --version]
       kubenurse verdict FILE

  verdict FILE     evaluate a saved /cluster.json ("-": standard input) and exit
  --check-config   validate the configuration and exit
  --help           show this help and exit
  --version        show the version and exit

kubenurse is configured through environment variables. Booleans are "true" or "false"; durations
look like "5s", "1m30s" or "500ms". Example:

  KUBENURSE_INGRESS_URL=https://kubenurse.example.com
  KUBENURSE_SERVICE_URL=http://kubenurse.kubenurse.svc.cluster.local:8080
  KUBENURSE_NAMESPACE=kubenurse
  KUBENURSE_NEIGHBOUR_FILTER=app=kubenurse

${Object.entries(GROUPS).map(describeGroup).join('\n\n')}`;
}

function describeGroup([title, variables]: [string, Readonly<Record<string, Variable>>]): string {
  return `${title}:\n${Object.entries(variables).map(describe).join('\n')}`;
}

function describe([name, variable]: [string, Variable]): string {
  const indent = ' '.repeat(6);
  const text = [variable.description, variable.default && `(default ${variable.default})`]
    .filter(Boolean)
    .join(' ');
  return `  ${name}\n${wrap(text, WIDTH - indent.length)
    .map((line) => indent + line)
    .join('\n')}`;
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
