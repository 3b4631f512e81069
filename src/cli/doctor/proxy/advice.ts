/** What to write into which proxy. */
import type { IncomingHttpHeaders } from 'node:http';

export type ProxyName = 'nginx' | 'Apache' | 'HAProxy' | 'Caddy';

/** What a proxy can do wrong. */
export type Fault =
  | 'header'
  | 'http-version'
  | 'body-size'
  | 'request-buffering'
  | 'answer-buffering'
  | 'compression'
  | 'cache'
  | 'time'
  | 'authentication';

const directives: Readonly<Record<Fault, Readonly<Record<ProxyName, string>>>> = {
  header: {
    nginx: 'remove proxy_set_header Git-Protocol and proxy_pass_request_headers off',
    Apache: 'remove RequestHeader unset Git-Protocol',
    HAProxy: 'remove http-request del-header Git-Protocol',
    Caddy: 'remove header_up -Git-Protocol',
  },
  'http-version': {
    nginx: 'proxy_http_version 1.1;',
    Apache: 'SetEnv proxy-sendchunked 1, without force-proxy-request-1.0',
    HAProxy: 'mode http, and none but HTTP/1.1 to the server',
    Caddy: 'versions 1.1 in transport http',
  },
  'body-size': {
    nginx: 'client_max_body_size 0;',
    Apache: 'LimitRequestBody 0',
    HAProxy: 'remove http-request deny that looks at req.body_size or Content-Length',
    Caddy: 'remove request_body max_size',
  },
  'request-buffering': {
    nginx: 'proxy_request_buffering off; with proxy_http_version 1.1;',
    Apache: 'SetEnv proxy-sendchunked 1',
    HAProxy: 'no option http-buffer-request',
    Caddy: 'remove request_buffers',
  },
  'answer-buffering': {
    nginx: 'proxy_buffering off;',
    Apache: 'flushpackets=on at ProxyPass',
    HAProxy: 'remove filters that wait for the body',
    Caddy: 'flush_interval -1, without response_buffers',
  },
  compression: {
    nginx: 'gzip off;',
    Apache: 'SetEnv no-gzip 1',
    HAProxy: 'remove compression algo',
    Caddy: 'remove encode',
  },
  cache: {
    nginx: 'proxy_cache off; and remove proxy_ignore_headers, proxy_hide_header and expires',
    Apache: 'CacheDisable on, and remove Header unset Cache-Control',
    HAProxy: 'remove http-request cache-use',
    Caddy: 'remove the cache and header -Cache-Control',
  },
  time: {
    nginx: 'client_body_timeout 10m; proxy_send_timeout 1h; proxy_read_timeout 1h;',
    Apache: 'Timeout 600, timeout=3600 at ProxyPass, RequestReadTimeout body=0',
    HAProxy: 'timeout client 1h, timeout server 1h',
    Caddy: 'remove read_body and write below servers, timeouts',
  },
  authentication: {
    nginx:
      'remove proxy_set_header Authorization, proxy_hide_header WWW-Authenticate and proxy_intercept_errors',
    Apache: 'remove RequestHeader unset Authorization, Header unset WWW-Authenticate and ProxyErrorOverride',
    HAProxy: 'remove del-header of Authorization and WWW-Authenticate, and http-errors for 401',
    Caddy: 'remove header_up -Authorization, header_down -WWW-Authenticate and handle_response',
  },
};

/** The proxy that an answer tells of: GitTyphoon itself sends no `Server`. */
export function proxyOf(headers: IncomingHttpHeaders): ProxyName | undefined {
  const told = [headers['server'], headers['via']].flat().join(' ');
  if (/nginx|openresty/i.test(told)) return 'nginx';
  if (/apache/i.test(told)) return 'Apache';
  return /caddy/i.test(told) ? 'Caddy' : undefined;
}

/** What to change about a fault, in a proxy or, where that is unknown, in each. */
export function adviceFor(fault: Fault, proxy: ProxyName | undefined): string {
  const text =
    proxy === undefined
      ? Object.entries(directives[fault])
          .map(([name, directive]) => `${name}: ${directive}`)
          .join(' | ')
      : `${proxy}: ${directives[fault][proxy]}`;
  return `${text} (docs/reverse-proxies.md)`;
}
