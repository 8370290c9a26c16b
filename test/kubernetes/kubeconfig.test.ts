import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { createAuthorization, loadAccess } from '../../src/kubernetes/credentials.ts';
import { setEnvironment, temporaryFolder } from '../support/api-server.ts';

type Part = { server?: string; user?: object; context?: string; current?: boolean };

/** A kubeconfig with one cluster, user and context, all named `context`. */
function kubeconfig({ server, user, context = 'a', current = true }: Part): string {
  return JSON.stringify({
    ...(server && { clusters: [{ name: context, cluster: { server } }] }),
    ...(user && { users: [{ name: context, user }] }),
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    ...(current && { 'current-context': context }),
  });
}

/**
 * Makes KUBECONFIG list files of these contents; a file is missing if its content is `undefined`.
 * Returns their folder.
 */
async function useFiles(...contents: (string | undefined)[]): Promise<string> {
  const folder = await temporaryFolder();
  const paths = contents.map((_, index) => join(folder, `config-${index}`));
  for (const [index, content] of contents.entries()) {
    if (content !== undefined) await writeFile(paths[index] ?? '', content);
  }
  setEnvironment({ KUBECONFIG: paths.join(delimiter) });
  return folder;
}

/**
 * The server that requests go to, and the value of `Authorization` for lists and watches and for
 * checks.
 */
async function access() {
  const { server, options } = await loadAccess();
  const { Authorization: sent } = (options.headers ?? {}) as Record<string, string>;
  const errors: string[] = [];
  const checked = await createAuthorization(({ message }) => errors.push(message))();
  return { server: server.href, sent, checked, errors };
}

const FIRST = { server: 'https://first:6443/', sent: 'Bearer one', checked: 'Bearer one' };

test.each([
  {
    kind: 'the same names, which count once',
    files: [
      kubeconfig({ server: 'https://first:6443', user: { token: 'one' } }),
      kubeconfig({ server: 'https://second:6443', user: { token: 'two' } }),
    ],
  },
  {
    kind: 'another current context, which counts no more',
    files: [
      kubeconfig({ server: 'https://first:6443', user: { token: 'one' } }),
      kubeconfig({ server: 'https://second:6443', user: { token: 'two' }, context: 'b' }),
    ],
  },
  {
    kind: 'the user, which the first lacks',
    files: [
      kubeconfig({ server: 'https://first:6443' }),
      kubeconfig({ user: { token: 'one' }, context: 'a', current: false }),
    ],
  },
  {
    kind: 'the current context, which the first lacks',
    files: [
      kubeconfig({ server: 'https://first:6443', user: { token: 'one' }, current: false }),
      JSON.stringify({ 'current-context': 'a' }),
    ],
  },
  {
    kind: 'everything, since the first are missing and empty',
    files: [
      undefined,
      '',
      '# nothing\n---\n',
      'null',
      kubeconfig({ server: 'https://first:6443', user: { token: 'one' } }),
    ],
  },
])('with KUBECONFIG=a:b, the second has $kind', async ({ files }) => {
  await useFiles(...files);
  expect(await access()).toEqual({ ...FIRST, errors: [] });
});

test('a kubeconfig with odd or broken entries works with those of its current context', async () => {
  const config = JSON.parse(kubeconfig({ server: 'https://first:6443', user: { token: 'one' } }));
  config.clusters.unshift(null, 5, { name: 'broken' }, { name: 'bare', cluster: {} });
  config.users.unshift({}, { name: 'none', user: null });
  await useFiles(JSON.stringify(config));
  expect(await access()).toEqual({ ...FIRST, errors: [] });
});

test('a tokenFile, in the folder of its kubeconfig, precedes the token, and is read without its newline', async () => {
  const user = { token: 'two', tokenFile: 'token' };
  const folder = await useFiles(kubeconfig({ server: 'https://first:6443', user }));
  await writeFile(join(folder, 'token'), 'one\n');
  expect(await access()).toEqual({ ...FIRST, errors: [] });
});

test('a token in the kubeconfig is sent without the newline at its end', async () => {
  await useFiles(kubeconfig({ server: 'https://first:6443', user: { token: 'one\n' } }));
  expect(await access()).toEqual({ ...FIRST, errors: [] });
});

test('a token with a line break inside is refused, and not shown', async () => {
  await useFiles(kubeconfig({ server: 'https://first:6443', user: { token: 'SECRET\nmore' } }));
  const message = expect.stringMatching(/^the API server token contains a line break/);
  await expect(access()).rejects.toMatchObject({ message });
  const errors: string[] = [];
  expect(await createAuthorization(({ message }) => errors.push(message))()).toBeUndefined();
  expect(errors).toEqual([message]);
  expect(errors.join()).not.toContain('SECRET');
});

test.each([
  { what: 'token', user: { token: 'one' } },
  { what: 'password', user: { username: 'me', password: 'one' } },
  { what: 'plugin', user: { exec: { command: 'there-is-no-such-command' } } },
])(
  'a server without TLS needs no insecure-skip-tls-verify, and gets no $what',
  async ({ user }) => {
    await useFiles(kubeconfig({ server: 'http://first:8080', user }));
    const nothing = { sent: undefined, checked: undefined, errors: [] };
    expect(await access()).toEqual({ server: 'http://first:8080/', ...nothing });
    expect((await loadAccess()).options.auth).toBeUndefined();
  },
);

test('a server that is not a URL is reported as such', async () => {
  await useFiles(kubeconfig({ server: 'first', user: { token: 'one' } }));
  await expect(access()).rejects.toThrow("the kubeconfig's server is not a URL");
});
