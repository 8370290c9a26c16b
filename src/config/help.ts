import { VARIABLES, type Variable } from './variables.ts';

const WIDTH = 100;

/** What `kubenurse --help` prints. */
export function help(): string {
  return `kubenurse: a network probe for Kubernetes

Usage: kubenurse [--check-config | --help | --version]

  --check-config   say what is wrong with the configuration, and exit
  --help           this text
  --version        the version

It is configured by the environment. Booleans are "true" or "false", durations are such as "5s",
"1m30s" or "500ms".

${Object.entries<Variable>(VARIABLES).map(describe).join('\n')}`;
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
