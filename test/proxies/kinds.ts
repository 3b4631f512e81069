/** The proxies that are tested with, and how each is started. */
import { existsSync } from 'node:fs';
import type { ProxyKind } from './proxy.js';

/** As root, nginx would hand its files to a user who cannot open our folder. */
const nginxUser = process.getuid?.() === 0 ? 'user root;' : '';

export const nginx: ProxyKind = {
  name: 'nginx',
  programs: ['nginx', '/usr/sbin/nginx'],
  versionArgument: '-v',
  plainLine: '    listen 80;\n',
  setUp({ snippet, folder, port }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n');
    // Short times outside: those of the snippet have to outrank them.
    const times = ['client_body_timeout', 'send_timeout', 'proxy_send_timeout', 'proxy_read_timeout']
      .map((name) => `${name} 1s;`)
      .join('\n');
    const http = `access_log off;\n${times}\n${temporary}\n${snippet.replace(/listen (?:80|443)/, `listen 127.0.0.1:${port}`)}`;
    return {
      config: `${nginxUser}\ndaemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${http}\n}\n`,
      args: ['-p', folder, '-e', 'stderr', '-c', `${folder}/config`],
    };
  },
};

const places = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/lib/httpd/modules'];
const modules = places.find((place) => existsSync(place)) ?? 'modules';

/** Some systems build these in, others load them. */
function load(name: string): string {
  return `<IfModule !${name}_module>\nLoadModule ${name}_module ${modules}/mod_${name}.so\n</IfModule>`;
}

/** Apache does not serve as root. */
const apacheUser = process.getuid?.() === 0 ? ['User daemon', 'Group daemon'] : [];

export const apache: ProxyKind = {
  name: 'apache',
  programs: ['apache2', 'httpd', '/usr/sbin/apache2', '/usr/sbin/httpd'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    const names = [
      'mpm_event',
      'unixd',
      'authz_core',
      'env',
      'headers',
      'filter',
      'deflate',
      'reqtimeout',
      'proxy',
      'proxy_http',
      'ssl',
      'http2',
    ];
    const own = [
      `ServerRoot ${folder}`,
      `DefaultRuntimeDir ${folder}`,
      `PidFile ${folder}/pid`,
      `Listen 127.0.0.1:${port}`,
      'ServerName 127.0.0.1',
      // Not /dev/stderr: that is a socket here, which Apache cannot open.
      `ErrorLog ${folder}/log`,
      // Short times outside: those of the snippet have to outrank them.
      'Timeout 1',
    ];
    return {
      config: [...own, ...names.map(load), 'ProxyTimeout 1', ...apacheUser, snippet].join('\n'),
      args: ['-DFOREGROUND', '-d', folder, '-f', `${folder}/config`],
    };
  },
};

export const haproxy: ProxyKind = {
  name: 'haproxy',
  programs: ['haproxy', '/usr/sbin/haproxy'],
  versionArgument: '-v',
  plainLine: '    bind :80\n',
  setUp({ snippet, folder, port }) {
    return {
      // Short times outside: those of the snippet have to outrank them.
      config: `defaults\n    timeout client 1s\n    timeout server 1s\n\n${snippet}`.replace(
        /bind :(?:80|443)/,
        `bind 127.0.0.1:${port}`,
      ),
      args: ['-db', '-f', `${folder}/config`],
    };
  },
};

export const caddy: ProxyKind = {
  name: 'caddy',
  programs: ['caddy'],
  versionArgument: 'version',
  plainLine: ':80 {\n',
  setUp({ snippet, folder, port }) {
    // Nothing is to be opened beside our port.
    const global = '{\n\tadmin off\n\tauto_https disable_redirects\n}\n';
    return {
      config:
        global +
        snippet
          .replace(':80 {', `http://127.0.0.1:${port} {`)
          .replace(':443 {', `https://127.0.0.1:${port} {`),
      args: ['run', '--adapter', 'caddyfile', '--config', `${folder}/config`],
    };
  },
  environment: (folder) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
};
