import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkProxy } from '../../src/cli/doctor/proxy/check.js';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { baseEnvironment } from '../../src/git/environment.js';
import { GitRunner } from '../../src/git/runner.js';
import { makeBareRepository, makeTempDir, type TempDir } from '../support/fixtures.js';
import { startServer, type TestServer } from '../support/server.js';
import { apache, caddy, haproxy, nginx } from './kinds.js';
import { findProgram, startProxy, type ProxyKind, type RunningProxy } from './proxy.js';

/** Configurations that are wrong, with what the doctor must find in them. */
const wrong: readonly {
  readonly kind: ProxyKind;
  readonly name: string;
  readonly snippet: (upstream: string) => string;
  readonly found: Readonly<Record<string, string>>;
  readonly advice: readonly RegExp[];
}[] = [
  {
    kind: nginx,
    name: 'as it comes, with HTTP/1.0 and without the header',
    snippet: (upstream) => `server {
      listen 80;
      client_max_body_size 1m;
      location /git/ {
        proxy_pass http://${upstream};
        proxy_http_version 1.0;
        proxy_set_header Git-Protocol "";
      }
    }`,
    found: {
      'Git-Protocol header': 'problem',
      'large request': 'problem',
      'request passed on as it comes': 'problem',
    },
    advice: [/nginx: .*Git-Protocol/, /nginx: client_max_body_size 0/, /proxy_request_buffering off/],
  },
  {
    kind: nginx,
    name: 'that stores requests, compresses, and hides who may not cache',
    snippet: (upstream) => `server {
      listen 80;
      client_max_body_size 0;
      location /git/ {
        proxy_pass http://${upstream};
        proxy_http_version 1.1;
        proxy_hide_header Cache-Control;
        gzip on;
        gzip_types *;
      }
    }`,
    found: {
      'request passed on as it comes': 'problem',
      'compressed answer': 'warning',
      cache: 'warning',
    },
    advice: [/nginx: proxy_request_buffering off/, /nginx: gzip off/],
  },
  {
    kind: apache,
    name: 'that drops headers',
    snippet: (upstream) => `RequestHeader unset Git-Protocol
      Header always unset WWW-Authenticate
      Header unset WWW-Authenticate
      ProxyPass /git/ http://${upstream}/git/ nocanon`,
    found: {
      'Git-Protocol header': 'problem',
      'request passed on as it comes': 'not tried',
      'question for a password': 'problem',
    },
    advice: [/Apache: .*Git-Protocol/, /Apache: .*WWW-Authenticate/],
  },
  {
    kind: haproxy,
    name: 'without the header, and with compression',
    snippet: (upstream) => `
defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m
frontend web
    bind :80
    http-request del-header Git-Protocol
    http-response del-header Cache-Control
    compression algo gzip
    default_backend gittyphoon
backend gittyphoon
    server gittyphoon ${upstream}
`,
    found: {
      'Git-Protocol header': 'problem',
      cache: 'warning',
      'compressed answer': 'warning',
    },
    advice: [/HAProxy: remove http-request del-header Git-Protocol/],
  },
  {
    kind: caddy,
    name: 'with a small body and without the question for a password',
    snippet: (upstream) => `
:80 {
	request_body {
		max_size 1MB
	}
	reverse_proxy ${upstream} {
		header_up -Git-Protocol
		header_down -WWW-Authenticate
	}
}
`,
    found: {
      'Git-Protocol header': 'problem',
      'large request': 'problem',
      'question for a password': 'problem',
    },
    advice: [/Caddy: remove header_up -Git-Protocol/, /Caddy: remove request_body max_size/],
  },
];

const git = new GitRunner({
  command: 'git',
  environment: baseEnvironment(process.env),
  config: [],
  killGraceMs: 5_000,
});

let folder: TempDir;
let server: TestServer;
let proxy: RunningProxy | undefined;

beforeAll(async () => {
  folder = makeTempDir();
  await makeBareRepository(`${folder.path}/app.git`, { commits: 3 });
  const authenticate = (): undefined => undefined;
  const options = { repositories: folder.path, publicRead: true, authenticate, authorize: () => false };
  server = await startServer(options, { prefix: '/git' });
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});
afterAll(async () => {
  await server?.close();
  folder?.dispose();
});

/** Starts a proxy, and what the doctor finds through it, by name. */
async function examine(kind: ProxyKind, program: string, snippet?: string): Promise<readonly Finding[]> {
  proxy = await startProxy(kind, program, server.port, { own: snippet });
  const target = { url: `http://127.0.0.1:${proxy.port}/git/app.git`, authorization: undefined };
  // The wrong ones never show an answer early, however long they are given.
  const effort = snippet === undefined ? {} : { earlyAnswerMs: 500 };
  return checkProxy(target, git, { isPatient: false, largeBytes: 3_000_000, ...effort });
}

/** Not tried in any of these tests, for the reasons that the findings give; the last one where parts happen to meet. */
const untold = new Set(['HTTP/2', 'pause in a request', 'slow answer', 'answer passed on as it comes']);

/** All that is neither good nor left out of these tests. */
function flawsOf(findings: readonly Finding[]): readonly (readonly [what: string, state: string])[] {
  return findings
    .filter(({ what, state }) => state !== 'ok' && !(state === 'not tried' && untold.has(what)))
    .map(({ what, state }) => [what, state] as const);
}

describe('the doctor finds', () => {
  it('nothing wrong where there is no proxy', async () => {
    const target = { url: `${server.url}/git/app.git`, authorization: undefined };
    const findings = await checkProxy(target, git, { isPatient: false, largeBytes: 3_000_000 });
    expect(flawsOf(findings)).toEqual([]);
  });

  for (const kind of [nginx, apache, haproxy, caddy]) {
    const program = findProgram(kind);
    if (program === undefined && process.env['CI'] === 'true') throw new Error(`CI must have ${kind.name}`);
    if (program === undefined) process.stderr.write(`skipped: ${kind.name} is not installed\n`);

    it.skipIf(program === undefined)(`nothing wrong with the documented ${kind.name}`, async () => {
      const findings = await examine(kind, program ?? '');
      // Apache reads a request to its end before it shows an answer.
      const hidden = kind === apache ? [['request passed on as it comes', 'not tried']] : [];
      expect(flawsOf(findings)).toEqual(hidden);
    });

    for (const { kind: own, name, snippet, found, advice } of wrong) {
      if (own !== kind) continue;
      it.skipIf(program === undefined)(`what is wrong with ${kind.name} ${name}`, async () => {
        const findings = await examine(kind, program ?? '', snippet(`127.0.0.1:${server.port}`));
        expect(Object.fromEntries(flawsOf(findings))).toEqual(found);
        const advices = findings.map((finding) => finding.advice).join('\n');
        for (const each of advice) expect(advices).toMatch(each);
      });
    }
  }
});
