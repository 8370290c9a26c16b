import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');

const { image } = packageJson.config;
const [registry = ''] = image.split('/');

/** Where this project is published. Written in package.json and nowhere else: every other file is held to it. */
export const RELEASE = {
  repository: packageJson.repository,
  image,
  registry,
  /** The OCI repository that holds the chart, without `oci://`. */
  charts: `${image.slice(0, image.lastIndexOf('/'))}/charts`,
  version: packageJson.version,
} as const;

type Place = Readonly<{ files: readonly string[]; pattern: RegExp; text: string }>;

/** An image or chart in prose and commands, except the examples of a registry of one's own. */
const PUBLISHED =
  /(?<![\w./:-])(?!registry\.example\.com)[a-z0-9-]+\.[a-z0-9.-]+(?::\d+)?\/(?:[\w.-]+\/)+?/;

/** Every place that refers to the repository, image, chart or version; each pattern occurs in each of its files. */
export const PLACES: readonly Place[] = [
  {
    files: ['Dockerfile'],
    pattern: /(?<=image\.source=")[^"]+/g,
    text: RELEASE.repository,
  },
  {
    files: ['deploy/helm/kubenurse/Chart.yaml'],
    pattern: /(?<=^(?:version|appVersion): ).+$/gm,
    text: RELEASE.version,
  },
  {
    files: ['deploy/helm/kubenurse/Chart.yaml'],
    pattern: /(?<=^home: ).+$/gm,
    text: RELEASE.repository,
  },
  {
    files: ['deploy/helm/kubenurse/values.yaml'],
    pattern: /(?<=^ {2}registry: ).+$/gm,
    text: RELEASE.registry,
  },
  {
    files: ['deploy/helm/kubenurse/values.yaml'],
    pattern: /(?<=^ {2}repository: ).+$/gm,
    text: image.slice(registry.length + 1),
  },
  {
    files: ['deploy/helm/kubenurse/templates/_pod.tpl'],
    pattern: /(?<=\(ne \(toString \$image\.registry\) ")[^"]+/g,
    text: RELEASE.registry,
  },
  {
    files: ['deploy/helm/kubenurse/templates/_pod.tpl'],
    pattern: /(?<=\(ne \(toString \$image\.repository\) ")[^"]+/g,
    text: image.slice(registry.length + 1),
  },
  {
    files: ['deploy/kustomize/base/kustomization.yaml'],
    pattern: /(?<=^ +newName: ).+$/gm,
    text: RELEASE.image,
  },
  {
    files: ['deploy/kustomize/base/kustomization.yaml'],
    pattern: /(?<=^ +newTag: ).+$/gm,
    text: RELEASE.version,
  },
  {
    files: ['deploy/helm/kubenurse/files/prometheus-rule.yaml', ...rulesTests()],
    pattern: /https:\/\/[^\s"]+(?=\/blob\/main\/docs\/runbooks\/)/g,
    text: RELEASE.repository,
  },
  {
    files: ['README.md', 'docs/image.md', 'docs/migration.md'],
    pattern: new RegExp(`${PUBLISHED.source}kubenurse(?=[:\`])`, 'g'),
    text: RELEASE.image,
  },
  {
    files: ['README.md', 'docs/image.md', 'docs/migration.md'],
    pattern: /(?<=\/kubenurse:)\d[\d.]*\d/g,
    text: RELEASE.version,
  },
  {
    files: ['docs/image.md'],
    pattern: /(?<=identity='\^)\S+?(?=\/\\\.github)/g,
    text: RELEASE.repository,
  },
];

/** The tests of the rules that expect a link to a runbook. */
function rulesTests(): string[] {
  return globSync('deploy/monitoring/rules_test/*.yaml', { cwd: ROOT })
    .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('runbook_url'))
    .toSorted();
}

/** The file with every place in it as it should be. Throws if a place is not found. */
export function withNames(file: string, text: string): string {
  return PLACES.filter(({ files }) => files.includes(file)).reduce((written, place) => {
    if (written.search(place.pattern) < 0) throw new Error(`${file} lacks ${place.pattern}`);
    return written.replaceAll(place.pattern, place.text);
  }, text);
}

/** The files that refer to the release, and what they hold. */
export function readFiles(): { file: string; path: string; text: string }[] {
  return [...new Set(PLACES.flatMap(({ files }) => files))].map((file) => {
    const path = join(ROOT, file);
    return { file, path, text: readFileSync(path, 'utf8') };
  });
}

if (import.meta.main) {
  for (const { file, path, text } of readFiles()) writeFileSync(path, withNames(file, text));
}
