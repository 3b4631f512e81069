// What a client may do, how often, and what has to come of it. An action throws when something else comes.
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pick } from './random.mjs';
import { endlessPush, fetchBody, lsRefsBody, oldFetchBody, packet, pushBody } from './raw.mjs';
import { reader, writer } from './stage.mjs';

function expectStatus({ status, text }, wanted) {
  if (status !== wanted)
    throw new Error(`answered with ${status} instead of ${wanted}: ${text.slice(0, 200)}`);
}

function expectText(answer, wanted) {
  expectStatus(answer, 200);
  if (!answer.text.includes(wanted))
    throw new Error(`an answer lacks ${wanted}: ${answer.text.slice(0, 200)}`);
}

function expectPack(answer) {
  expectText(answer, 'PACK');
  if (!answer.text.endsWith('0000')) throw new Error(`a pack of ${answer.text.length} bytes has no end`);
}

const upload = 'git-upload-pack';
const receive = 'git-receive-pack';
const v2 = { protocol: 2 };

/** Requests without git. Each is given the client: its chance, its HTTP, its name, the stage. */
const rawActions = [
  [
    'refs, version 2',
    26,
    async ({ random, raw, stage }) => {
      const { name, tip } = pick(random, stage.read);
      expectText(
        await raw.post(name, upload, lsRefsBody('refs/heads/'), v2),
        packet(`${tip} refs/heads/main\n`),
      );
    },
  ],
  [
    'advertisement, version 0',
    14,
    async ({ random, raw, stage }) => {
      const { name, tip } = pick(random, stage.read);
      expectText(await raw.advertisement(name, upload), `${tip} refs/heads/main\n`);
    },
  ],
  [
    'advertisement, version 2',
    12,
    async ({ random, raw, stage }) => {
      expectText(await raw.advertisement(pick(random, stage.read).name, upload, v2), 'version 2');
    },
  ],
  [
    'fetch, version 2',
    8,
    async ({ random, raw, stage }) => {
      const { name, tip } = pick(random, stage.read);
      expectPack(await raw.post(name, upload, fetchBody(tip), v2));
    },
  ],
  [
    'fetch, version 0',
    4,
    async ({ random, raw, stage }) => {
      const { name, tip } = pick(random, stage.read);
      expectPack(await raw.post(name, upload, oldFetchBody(tip)));
    },
  ],
  [
    'shallow fetch',
    5,
    async ({ random, raw, stage }) => {
      const { name, tip } = pick(random, stage.read);
      const answer = await raw.post(name, upload, fetchBody(tip, ['deepen 1']), v2);
      expectPack(answer);
      expectText(answer, `shallow ${tip}`);
    },
  ],
  [
    'lazy fetch',
    5,
    async ({ random, raw, stage }) => {
      const { name, tip, blob } = pick(random, stage.read);
      expectPack(await raw.post(name, upload, fetchBody(tip, ['filter blob:none']), v2));
      expectPack(await raw.post(name, upload, fetchBody(blob), v2));
    },
  ],
  [
    'refused request',
    3,
    async ({ random, raw, stage }) => {
      // What is not there is answered as what is hidden: with a question for a name.
      expectStatus(await raw.advertisement('absent.git', upload), 401);
      expectStatus(await raw.advertisement(pick(random, stage.pushed).name, receive), 401);
    },
  ],
  [
    'push without a right',
    3,
    async ({ random, raw, stage, id }) => {
      const { name, tip } = pick(random, stage.pushed);
      const body = pushBody(`refs/heads/${id}/refused`, undefined, tip);
      expectStatus(await raw.post(name, receive, body, { user: reader }), 403);
    },
  ],
  [
    'push of refs',
    6,
    async ({ random, raw, stage, id, step }) => {
      const { name, tip, parent } = pick(random, stage.pushed);
      const ref = `refs/heads/${id}/raw-${step}`;
      const as = { user: writer };
      expectText(await raw.post(name, receive, pushBody(ref, undefined, tip), as), `ok ${ref}`);
      // Backwards: what git calls forced.
      expectText(await raw.post(name, receive, pushBody(ref, tip, parent), as), `ok ${ref}`);
      // The ref is elsewhere by now.
      expectText(await raw.post(name, receive, pushBody(ref, tip, parent), as), `ng ${ref} `);
      expectText(await raw.post(name, upload, lsRefsBody(ref), v2), packet(`${parent} ${ref}\n`));
      expectText(await raw.post(name, receive, pushBody(ref, parent), as), `ok ${ref}`);
    },
  ],
  [
    'fetch, broken off',
    4,
    async ({ random, raw, stage }) => {
      const bytes = Math.ceil(random() * 30_000_000);
      const { name, tip } = stage.large;
      if (!(await raw.breakOffReading(name, fetchBody(tip), bytes))) {
        throw new Error(`a large fetch ended before ${bytes} bytes`);
      }
    },
  ],
  [
    'push, broken off',
    4,
    async ({ random, raw, stage, id }) => {
      const { name, tip } = pick(random, stage.pushed);
      const head = endlessPush(`refs/heads/${id}/broken`, tip);
      // Also in the middle of the commands.
      const cut = random() < 0.3 ? head.subarray(0, Math.ceil(random() * head.length)) : head;
      await raw.breakOffPush(name, writer, cut, Math.floor(random() * 300_000));
    },
  ],
];

async function cloneAndCompare({ stage, served }, { name, refs }, ...flags) {
  const copy = stage.fresh();
  try {
    await stage.git(stage.clients, 'clone', '-q', ...flags, `${served.url()}/${name}`, copy);
    if (refs !== undefined && (await stage.refsOf(copy)) !== refs)
      throw new Error(`a clone of ${name} has other refs`);
  } finally {
    rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The client's own clone of a repository that it pushes to; made when it is first needed. */
async function ownTree(client) {
  const { stage, served, id } = client;
  if (client.tree !== undefined) return client.tree;
  const tree = stage.fresh();
  await stage.git(stage.clients, 'clone', '-q', `${served.url(writer)}/${client.home}`, tree);
  await stage.git(tree, 'checkout', '-q', '-b', `${id}/work`);
  client.tree = tree;
  return tree;
}

/** Real git clients. */
const gitActions = [
  [
    'git clone --mirror',
    2,
    (client) => cloneAndCompare(client, pick(client.random, client.stage.read), '--mirror'),
  ],
  [
    'git clone, partial',
    1,
    ({ ...client }) =>
      cloneAndCompare(client, { name: pick(client.random, client.stage.read).name }, '--filter=blob:none'),
  ],
  [
    'git clone --depth 1',
    1,
    (client) => cloneAndCompare(client, { name: pick(client.random, client.stage.read).name }, '--depth=1'),
  ],
  ['git clone, large', 0.3, (client) => cloneAndCompare(client, client.stage.large, '--mirror')],
  [
    'git fetch',
    2,
    async (client) => {
      await client.stage.git(await ownTree(client), 'fetch', '-q', '--prune', 'origin');
    },
  ],
  [
    'git push',
    2,
    async (client) => {
      const { stage, id, step } = client;
      const tree = await ownTree(client);
      appendFileSync(join(tree, `work-${id}`), `step ${step}\n`);
      await stage.git(tree, 'add', '.');
      await stage.git(tree, 'commit', '-qm', `step ${step}`);
      await stage.git(tree, 'push', '-q', 'origin', 'HEAD');
      const sent = await stage.git(tree, 'rev-parse', 'HEAD');
      const kept = await stage.git(tree, 'ls-remote', 'origin', `refs/heads/${id}/work`);
      if (!kept.startsWith(sent))
        throw new Error(`${id}/work is ${kept} and not the ${sent} that was pushed`);
    },
  ],
  [
    'git push --force',
    1,
    async (client) => {
      const { stage, step } = client;
      const tree = await ownTree(client);
      await stage.git(tree, 'commit', '-q', '--allow-empty', '--amend', '-m', `step ${step}, again`);
      await stage.git(tree, 'push', '-q', '--force', 'origin', 'HEAD');
    },
  ],
  [
    'git push --delete',
    1,
    async (client) => {
      const { stage, id, step } = client;
      const tree = await ownTree(client);
      await stage.git(tree, 'push', '-q', 'origin', `HEAD:refs/tags/${id}-${step}`);
      await stage.git(tree, 'push', '-q', '--delete', 'origin', `refs/tags/${id}-${step}`);
    },
  ],
];

export const actions = [...rawActions, ...gitActions].map(([name, weight, run]) => ({ name, weight, run }));
