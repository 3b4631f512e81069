import { describeProxy } from './cases.js';

describeProxy({
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
});
