import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { errorEvent } from '../../src/model.ts';
import { OK, type Script, ScriptedServer, say } from '../support/scripted-server.ts';
import { checkUrl, events, failed, serving } from './check-once.ts';

function redirect(location: string, status = 302): string {
  return `HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
}

/** Responds according to the requested path. */
function pages(responses: Record<string, string>): Script {
  return (socket, request) => {
    const path = request.split(' ')[1] ?? '';
    socket.write(responses[path] ?? 'HTTP/1.1 404 Not Found\r\n\r\n');
  };
}

describe('httpProbe() follows a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    'of status %i, which is not an error of the check',
    async (status) => {
      const server = await ScriptedServer.start({
        script: pages({ '/': redirect('/there', status), '/there': OK }),
      });

      const outcome = await checkUrl(server.url());

      expect(outcome).toMatchObject({ kind: 'ok', code: '200' });
      expect(server.accepted).toBe(2);
      await until('the connections are closed', 2_000, () => server.open.size === 0);
    },
  );

  test.each([
    { location: '/there', requested: '/there' },
    { location: 'there?a=b', requested: '/folder/there?a=b' },
    { location: '../there', requested: '/there' },
    { location: '?a=b', requested: '/folder/page?a=b' },
  ])('to $location, relative to the page', async ({ location, requested }) => {
    const server = await ScriptedServer.start({
      script: pages({ '/folder/page': redirect(location), [requested]: OK }),
    });

    expect(await checkUrl(server.url('/folder/page'))).toMatchObject({ kind: 'ok' });
  });

  test.each([
    { location: '/m\xc3\xbcde?\xe6\x97\xa5', requested: '/m%C3%BCde?%E6%97%A5' },
    { location: '/m\xfcde', requested: '/m%FCde' },
  ])(
    'to a path with non-ASCII bytes, percent-encoded: $requested',
    async ({ location, requested }) => {
      const script = pages({ [requested]: OK });
      const server = await ScriptedServer.start({
        script: (socket, request, nth) => {
          if (request.startsWith('GET / ')) socket.write(Buffer.from(redirect(location), 'latin1'));
          else script(socket, request, nth);
        },
      });

      expect(await checkUrl(server.url())).toMatchObject({ kind: 'ok' });
    },
  );

  test('to a host with non-ASCII bytes, in its DNS form', async () => {
    const names: string[] = [];
    const server = await ScriptedServer.start({
      script: (socket, request) => {
        const to = redirect(`http://m\xc3\xbcde.test:${server.port}/there`);
        socket.write(request.startsWith('GET / ') ? Buffer.from(to, 'latin1') : OK);
      },
    });

    const outcome = await checkUrl(server.url(), {
      resolve: async (name) => {
        names.push(name);
        return ['127.0.0.1'];
      },
    });

    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(names).toEqual(['xn--mde-hoa.test']);
  });

  test('to another origin: the timings are those of the last request, the duration that of all', async () => {
    const another = await ScriptedServer.start({ tls: serving });
    let toldAfter = 0;
    const server = await ScriptedServer.start({
      script: (socket) => {
        const began = performance.now();
        // Long enough to distinguish it from the last request's time.
        setTimeout(() => {
          toldAfter = (performance.now() - began) / 1000;
          socket.write(redirect(another.url('/', 'other.test').href));
        }, 100);
      },
    });

    const outcome = await checkUrl(server.url());

    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(events(outcome)).toEqual([
      'dns_start',
      'dns_done',
      'connect_start',
      'connect_done',
      'tls_handshake_start',
      'tls_handshake_done',
      'got_conn',
      'wrote_request',
      'got_first_resp_byte',
    ]);
    const { duration } = outcome as { duration: number };
    const { dns_start = NaN, got_first_resp_byte: last = NaN } = outcome.timings;
    expect(dns_start).toBeLessThan(toldAfter);
    expect(duration).toBeGreaterThanOrEqual(toldAfter + last);
    expect(another.requests[0]).toContain(`\r\nHost: other.test:${another.port}\r\n`);
  });

  test('upstream fault: the hop of a redirect counts as an error of a successful check', async () => {
    const server = await ScriptedServer.start({
      script: pages({ '/': redirect('/there', 301), '/there': OK }),
    });

    expect(errorEvent(await checkUrl(server.url()))).toBeUndefined();
  });

  test('to a response other than 200, which is the result of the check', async () => {
    const server = await ScriptedServer.start({
      script: pages({ '/': redirect('/there'), '/there': 'HTTP/1.1 503 Away\r\n\r\n' }),
    });

    expect(await checkUrl(server.url())).toMatchObject({
      kind: 'failed',
      code: '503',
      error: { message: '503 Away' },
    });
  });

  test('at most ten times, so that a loop ends', async () => {
    const step: Script = (socket, request) => {
      const nth = Number(/\d+/.exec(request)?.[0]);
      socket.write(nth === 0 ? OK : redirect(`/${nth - 1}`));
    };
    const server = await ScriptedServer.start({ script: step });
    const { host } = server.url();

    expect(await checkUrl(server.url('/10'))).toMatchObject({ kind: 'ok' });
    expect(server.accepted).toBe(11);

    expect(failed(await checkUrl(server.url('/11')))).toMatchObject({
      phase: 'response',
      text: `waiting for the response of ${host}: more than 10 redirects`,
    });
    expect(server.accepted).toBe(22);
  });

  test('and names the phase and the host of the hop that failed', async () => {
    const another = await ScriptedServer.start({ tls: serving });
    const url = another.url('/', 'stranger.test');
    const server = await ScriptedServer.start({ script: say(redirect(url.href)) });

    const { phase, text } = failed(await checkUrl(server.url()));

    expect(phase).toBe('handshake');
    expect(text).toContain(
      `TLS handshake with ${url.host}: the certificate is valid for DNS:server.test, `,
    );
  });

  test('until the signal aborts', async () => {
    const reason = new Error('no response within the interval');
    const stop = new AbortController();
    const server = await ScriptedServer.start({
      script: (socket, request) => {
        if (request.startsWith('GET /there ')) stop.abort(reason);
        else socket.write(redirect('/there'));
      },
    });

    const { phase, cause } = failed(await checkUrl(server.url(), { signal: stop.signal }));

    expect({ phase, cause }).toEqual({ phase: 'response', cause: reason });
    await until('the connections are closed', 2_000, () => server.open.size === 0);
  });
});

test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'mailto:a@b.test', 'http://', 'http://[::1'])(
  'httpProbe() fails if a redirect leads to %s',
  async (location) => {
    const server = await ScriptedServer.start({ script: say(redirect(location)) });

    expect(failed(await checkUrl(server.url()))).toMatchObject({
      phase: 'response',
      text: `waiting for the response of ${server.url().host}: a redirect to a URL that is neither http nor https (status 302)`,
    });
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  },
);

test('httpProbe() does not follow redirects that arrive in more than 1,000 pieces in total', async () => {
  const head = redirect('/').replace('\r\n\r\n', `\r\nPadding: ${'x'.repeat(600)}\r\n\r\n`);
  const server = await ScriptedServer.start({
    script: async (socket) => {
      socket.setNoDelay();
      for (const letter of head) {
        socket.write(letter);
        await setImmediate();
      }
    },
  });
  const { text } = failed(await checkUrl(server.url()));
  expect(text).toMatch(/: the redirects arrived in more than 1000 pieces$/);
});

test('httpProbe() follows a redirect to a URL of 8,192 bytes, but not to a longer one', async () => {
  const responses: Record<string, string> = {};
  const server = await ScriptedServer.start({ script: pages(responses) });
  const { href, host } = server.url();
  const longest = `/${'a'.repeat(8_192 - href.length)}`;
  responses['/'] = redirect(longest);
  responses[longest] = OK;
  responses['/longer'] = redirect(`${longest}a`);
  responses['/much-longer'] = redirect(`/${'a'.repeat(8_192)}`);
  // Each is relative to the previous URL.
  const part = `${'a'.repeat(3_000)}/`;
  for (const depth of [0, 1, 2]) responses[`/grows/${part.repeat(depth)}`] = redirect(part);

  expect(await checkUrl(server.url())).toMatchObject({ kind: 'ok', code: '200' });
  for (const path of ['/longer', '/much-longer', '/grows/']) {
    expect(failed(await checkUrl(server.url(path)))).toMatchObject({
      phase: 'response',
      text: `waiting for the response of ${host}: a redirect to a URL of more than 8192 bytes (status 302)`,
    });
  }
});

test.each([
  ['http://', '\xc3\xbc'],
  ['https://user@', '%C3%BC'],
  ['//', '%c3%bc'],
  ['/\\', '\xc3\xbc\t'],
  ['http:\t\\/', 'a'],
])(
  'httpProbe() rejects a redirect to a host of more than 253 characters: %j, %j …',
  async (start, letter) => {
    const location = `${start}${letter.repeat(1_013)}:80/`;
    const server = await ScriptedServer.start({
      script: (socket) => socket.write(Buffer.from(redirect(location), 'latin1')),
    });

    expect(failed(await checkUrl(server.url()))).toMatchObject({
      phase: 'response',
      text: `waiting for the response of ${server.url().host}: a redirect to a host of more than 253 characters (status 302)`,
    });
  },
);
