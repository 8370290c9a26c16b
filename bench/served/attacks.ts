/** What each connection of an attack sends, and what it does then. */
export type Attack = Readonly<{
  /**
   * A client in C instead of the rest: as many connections as it can open, `held` or `closed`
   * (`connections.c`), or `renewals` of keys (`renewals.c`).
   */
  inC?: 'held' | 'closed' | 'renewals';
  /** Default: HTTP; `raw`: to the HTTPS port, without TLS. */
  over?: 'https' | 'raw';
  payload: string;
  /** Bytes in each write, which is a TLS record; default: all. */
  piece?: number;
  connections: number;
  /** Whether it reads responses; `first`: only the first of each connection. */
  reads: boolean | 'first';
  /** Whether it sends again after a response, and every three seconds once it no longer reads. */
  repeats: boolean;
  /** Whether it closes as soon as it has sent. */
  gone: boolean;
  /** Whether all connections are opened first, then send at once, every second, and are closed. */
  together?: true;
  /** How many bytes each sends before that; default: none. */
  before?: number;
  /** How long it takes to have its full effect, if longer than other attacks. */
  seconds?: number;
}>;

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const native = { payload: '', connections: 0, reads: false, repeats: false, gone: false } as const;
const once = { reads: true, repeats: false, gone: false };
const again = { reads: true, repeats: true, gone: false };
const unread = { reads: false, repeats: false, gone: false };
const fills = { reads: 'first', repeats: true, gone: false, seconds: 30 } as const;
const gone = { reads: false, repeats: false, gone: true };

/** A head of the maximum length, with nearly as many lines as allowed. */
const LONG_HEAD = get('/alwayshappy', `X: ${'x'.repeat(240)}\r\n`.repeat(98));

/** What an attacker writes once it has a connection. */
export const ATTACKING = 'attacking\n';

/** One for each way in which the program was stopped or slowed, and a few obvious ones. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'bodies of 1-byte chunks': {
    payload: get('/alive', CHUNKED) + '1\r\nx\r\n'.repeat(66_000),
    connections: 15,
    ...once,
  },
  'large bodies': {
    payload: get('/alive', 'Content-Length: 9999999999\r\n') + 'x'.repeat(1 << 20),
    connections: 100,
    ...once,
  },
  'pipelined /alive': { payload: get('/alive').repeat(2_000), connections: 100, ...once },
  'pipelined /alwayshappy': {
    payload: get('/alwayshappy').repeat(2_000),
    connections: 100,
    ...once,
  },
  'pipelined and never read': { payload: get('/alive').repeat(2_000), connections: 100, ...unread },
  '/alive never read': {
    payload: get('/alive', `X: ${'"'.repeat(15_000)}\r\n`),
    connections: 2_000,
    ...unread,
  },
  '/metrics never read': { payload: get('/metrics'), connections: 2_000, ...unread },
  'only the first /metrics read': { payload: get('/metrics'), connections: 480, ...fills },
  '/metrics and gone at once': { payload: get('/metrics'), connections: 200, ...gone },
  '/metrics': { payload: get('/metrics'), connections: 2_000, ...again },
  '/alive': { payload: get('/alive'), connections: 2_000, ...again },
  'a long Accept': {
    payload: get('/metrics', `Accept: ${'a/b,'.repeat(3_700)}\r\n`),
    connections: 100,
    ...again,
  },
  'redirects with a long Accept': {
    payload: get('/', `Accept: ${'a/b;q=0.5,'.repeat(2_200)}\r\n`),
    connections: 1_000,
    ...again,
  },
  '990 equal headers': {
    payload: get('/alive', 'a: b\r\n'.repeat(990)),
    connections: 100,
    ...again,
  },
  'a name of dashes': {
    payload: get('/alive', `${'-a'.repeat(7_400)}: x\r\n`),
    connections: 100,
    ...again,
  },
  'kept connections': { payload: get('/alwayshappy'), connections: 2_000, ...again },
  'new connections': {
    payload: get('/alwayshappy', 'Connection: close\r\n'),
    connections: 2_000,
    ...once,
  },
  'connections without end': { inC: 'held', ...native },
  'connections closed at once': { inC: 'closed', ...native },
  'heads of which half comes': {
    payload: get('/alive', `X: ${'x'.repeat(15_000)}`).slice(0, -2),
    connections: 2_000,
    ...once,
  },
  'heads that come at once': {
    payload: `GET /alwayshappy HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(5_900)}`,
    connections: 480,
    together: true,
    ...unread,
  },
  'heads whose ends come at once': {
    payload: LONG_HEAD,
    before: LONG_HEAD.length - 1,
    connections: 240,
    together: true,
    ...once,
  },
  'heads in pieces at once': {
    payload: get('/alwayshappy', `X: ${'x'.repeat(250)}\r\n`),
    piece: 6,
    connections: 240,
    together: true,
    ...once,
  },
  'what is not HTTP': { payload: '\x16\x03\x01'.repeat(100), connections: 500, ...once },
  'pages that do not exist': { payload: get('/nowhere'), connections: 100, ...again },
  'heads byte by byte': {
    payload: get('/alive', `X: ${'x'.repeat(15_000)}\r\n`),
    piece: 1,
    connections: 200,
    ...once,
  },
  '/report': { payload: get('/report'), connections: 2_000, ...again },
  '/cluster': { payload: get('/cluster'), connections: 2_000, ...again },
  '/cluster with many parameters': {
    payload: get(`/cluster?${'a&'.repeat(7_000)}`),
    connections: 100,
    ...once,
  },
  '/cluster never read': { payload: get('/cluster'), connections: 2_000, ...unread },
  '/cluster.txt': { payload: get('/cluster.txt'), connections: 2_000, ...again },
  'TLS: new connections': {
    over: 'https',
    payload: get('/alwayshappy', 'Connection: close\r\n'),
    connections: 500,
    ...once,
  },
  'TLS: kept connections': {
    over: 'https',
    payload: get('/alwayshappy'),
    connections: 500,
    ...again,
  },
  'TLS: only the first /metrics read': {
    over: 'https',
    payload: get('/metrics'),
    connections: 140,
    ...fills,
  },
  'TLS: half of a handshake': {
    over: 'raw',
    payload: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    connections: 2_000,
    ...once,
  },
  'TLS: large bodies': {
    over: 'https',
    payload: get('/alive', 'Content-Length: 9999999999\r\n') + 'x'.repeat(1 << 20),
    connections: 100,
    ...once,
  },
  'TLS: keys renewed at once': { over: 'https', inC: 'renewals', seconds: 15, ...native },
  'TLS: heads in records of a byte': {
    over: 'https',
    payload: get('/alive', `X: ${'x'.repeat(15_000)}\r\n`),
    piece: 1,
    connections: 100,
    ...once,
  },
};
