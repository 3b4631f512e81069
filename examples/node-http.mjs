// Repositories and pages in one URL space, on plain node:http.
// Usage: node examples/node-http.mjs [folder]
import { createServer } from 'node:http';
import { createGitServer, nodeHandler } from 'gittyphoon';

const git = createGitServer({ repositories: process.argv[2] ?? '.' });
const handler = nodeHandler(git, {
  fallback: (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.end(`a page of yours for ${request.method} ${request.url}\n`);
  },
});
// Node.js would end a long push after 300 seconds, and idle connections while git still uses them.
const server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 }, handler);
server.on('checkContinue', handler.checkContinue);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
