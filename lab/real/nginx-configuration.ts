import type { IngressFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';
import { toUrlHost } from '../support/url-host.ts';

/** The only path that the ingress publishes (contract: never `/alive` or `/metrics`). */
const PUBLISHED_PATH = '/alwayshappy';

/** Directives that make nginx keep temporary files in its working directory. */
export const TEMP_PATHS = `client_body_temp_path client-body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;`;

/** What nginx must do. */
export type NginxOptions = Readonly<{
  addresses: readonly string[];
  port: number;
  host: string;
  backends: readonly Backend[];
  fault: IngressFault | undefined;
  /** The files of a certificate and its key. */
  certificate: string;
  key: string;
  /** A Unix socket that accepts connections and sends no response. */
  silent: string;
}>;

/**
 * nginx's configuration. Beyond the ingress's task, it has the defaults of ingress-nginx: the
 * timeouts, how often another backend is tried, and the response without one. Each request has a
 * separate connection to its backend. A worker that is told to end has 10 s for its requests.
 */
export function nginxConfiguration(options: NginxOptions): string {
  const { addresses, port, host, backends, fault, certificate, key } = options;
  const listen = (mode: string) =>
    addresses.map((address) => `listen ${socketOf({ address, port })} ${mode};`).join(' ');
  const status = fault?.kind === 'status' ? statusDirectives(fault.code, options) : undefined;
  const refusal = status ?? 'return 404;';
  const forward = backends.length > 0 ? 'proxy_pass http://pods;' : 'return 503;';
  return `
daemon off;
user root;
pid nginx.pid;
error_log stderr notice;
worker_processes 1;
worker_shutdown_timeout 10s;
events {}
http {
  access_log off;
  ${TEMP_PATHS}

  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate ${certificate};
  ssl_certificate_key ${key};

  proxy_set_header Host $http_host;
  proxy_connect_timeout 5s;
  proxy_read_timeout 60s;
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 3;
  ${upstream(backends)}

  server {
    ${listen('ssl default_server')}
    location / { ${refusal} }
  }
  server {
    ${listen('ssl')}
    server_name ${host};
    location / { ${refusal} }
    location = ${PUBLISHED_PATH} { ${status ?? forward} }
  }
}
`;
}

/** No backend is excluded because it failed before: Kubernetes decides which ones are ready. */
function upstream(backends: readonly Backend[]): string {
  if (backends.length === 0) return '';
  const servers = backends.map((backend) => `server ${socketOf(backend)} max_fails=0;`);
  return `upstream pods { ${servers.join(' ')} }`;
}

/**
 * The directives that give every request this status, in the same way as in reality if it is
 * nginx's own.
 */
function statusDirectives(status: number, { silent }: NginxOptions): string {
  switch (status) {
    case 502:
      // Nobody listens there.
      return 'proxy_pass http://127.0.0.1:1;';
    case 504:
      return `proxy_read_timeout 100ms; proxy_pass http://unix:${silent}:;`;
    default:
      return `return ${status};`;
  }
}

function socketOf({ address, port }: Backend): string {
  return `${toUrlHost(address)}:${port}`;
}
