/** A server for every way of saying who one is, all over the same repositories and with the same rules. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  clientCertificateAuthenticator,
  createAccessRules,
  type Authenticate,
} from '../../../src/access/index.js';
import { createVisibilityReader, type GitServerOptions } from '../../../src/index.js';
import { hasOpenssl } from '../../support/certificates.js';
import { makeTempDir } from '../../support/fixtures.js';
import { rawRequest } from '../../support/raw-http.js';
import { startServer } from '../../support/server.js';
import { openCertificatePlace } from './certificate-way.js';
import { changes, rules, type Caller } from './expected.js';
import { makeRepositories, type Repositories } from './repositories.js';
import type { Answer, Ask } from './requests.js';
import { openWays, wayNames, type Ways } from './ways.js';

/** A server with one way of saying who one is. */
export interface Place {
  readonly callers: readonly Caller[];
  /** Asks by a request that is the first on its connection, or at least knows of no other. */
  ask(caller: Caller, path: string, ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

export interface PlainPlace extends Place {
  /** Without a final slash. */
  readonly url: string;
  readonly port: number;
}

export interface Stage {
  readonly repositories: Repositories;
  readonly ways: Ways;
  readonly places: ReadonlyMap<string, Place>;
  /** Those that git is pointed to. */
  readonly plain: ReadonlyMap<string, PlainPlace>;
  /** A path that nothing has used. */
  fresh(): string;
  close(): Promise<void>;
}

export const certificates = 'a client certificate';
export const allWays: readonly string[] = [...wayNames, ...(hasOpenssl() ? [certificates] : [])];

async function openPlain(
  options: GitServerOptions,
  callers: Ways['by'][keyof Ways['by']]['callers'],
): Promise<PlainPlace> {
  const server = await startServer(options);
  const { port, url } = server;
  return {
    url,
    port,
    callers: Object.keys(callers) as Caller[],
    ask(caller, path, { below, headers, ...rest }) {
      const all = [...headers, ...(callers[caller] ?? [])];
      return rawRequest({ ...rest, port, path: path + below, headers: all });
    },
    close: () => server.close(),
  };
}

/** Opens everything; `runs` are names for pushes that need refs of their own. */
export async function openStage(runs: readonly string[]): Promise<Stage> {
  const folder = makeTempDir();
  const root = join(folder.path, 'served');
  mkdirSync(root);
  const repositories = await makeRepositories(root, join(folder.path, 'template'), runs, changes);
  const ways = await openWays(folder.path);
  const { authorize, authorizeUpdate } = createAccessRules(rules, {
    visibilityOf: createVisibilityReader(),
  });
  const optionsFor = (authenticate: Authenticate): GitServerOptions => {
    return { repositories: root, publicRead: false, authenticate, authorize, authorizeUpdate };
  };
  const plain = new Map<string, PlainPlace>();
  for (const name of wayNames) {
    const { authenticate, callers } = ways.by[name];
    plain.set(name, await openPlain(optionsFor(authenticate), callers));
  }
  const places = new Map<string, Place>(plain);
  if (allWays.includes(certificates)) {
    const options = optionsFor(clientCertificateAuthenticator());
    places.set(certificates, await openCertificatePlace(folder.path, options));
  }
  let count = 0;
  return {
    repositories,
    ways,
    places,
    plain,
    fresh: () => join(folder.path, `fresh-${(count += 1)}`),
    async close() {
      for (const place of places.values()) await place.close();
      await ways.close();
      folder.dispose();
    },
  };
}
