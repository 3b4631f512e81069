// Repositories below /git of an Express 5 application.
// Usage: node examples/express.mjs [folder]
import express from 'express';
import { createGitServer, nodeHandler } from 'gittyphoon';

const git = createGitServer({ repositories: process.argv[2] ?? '.' });
const app = express();
app.use(express.json());
app.use('/git', nodeHandler(git));
app.get('/git/{*path}', (request, response) => {
  response.type('text').send(`a page of yours for ${request.path}\n`);
});
const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
// Node.js would end a long push after 300 seconds, and idle connections while git still uses them.
server.requestTimeout = 0;
server.keepAliveTimeout = 75_000;
