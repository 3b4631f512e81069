// Prints every branch and tag that a push has changed. Everybody on this machine may push.
// Usage: node examples/push-events.mjs [folder]
import { createServer } from 'node:http';
import { createGitServer, nodeHandler } from 'gittyphoon';

const git = createGitServer({ repositories: process.argv[2] ?? '.', publicWrite: true });
git.on('push', ({ repository, updates }) => {
  for (const { refName, oldOid, newOid, result } of updates) {
    console.log(`${repository.name} ${refName} ${oldOid} ${newOid} ${result.status}`);
  }
});
git.on('error', ({ error, context }) => console.error(context?.id, error));
const server = createServer(
  { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 },
  nodeHandler(git),
);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
