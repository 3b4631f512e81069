// One repository on disk, with a namespace of refs for each tenant: /acme/app.git and /umbrella/app.git.
// Namespaces separate names, not objects: they do not keep secrets between tenants.
// Usage: node examples/tenants.mjs [folder]
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createGitServer, nodeHandler } from 'gittyphoon';

const root = process.argv[2] ?? '.';
const places = new Map([
  ['acme/app.git', { folder: join(root, 'app.git'), namespace: 'acme' }],
  ['umbrella/app.git', { folder: join(root, 'app.git'), namespace: 'umbrella' }],
]);
const git = createGitServer({
  repositories: (path) => places.get(path)?.folder,
  environment: ({ context }) => ({ GIT_NAMESPACE: places.get(context.path).namespace }),
  publicWrite: true,
});
const server = createServer(
  { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 },
  nodeHandler(git),
);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
