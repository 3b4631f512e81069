// The server that the benchmarks measure, in a process of its own: `node bench/server.mjs REPOSITORIES`.
import { createServer } from 'node:http';
import { createGitServer, nodeHandler } from '../dist/index.js';

const git = createGitServer({ repositories: process.argv[2] ?? '.', publicWrite: true });
git.on('error', ({ error }) => console.error(error));
const handler = nodeHandler(git);
const server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 }, handler);
server.on('checkContinue', handler.checkContinue);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// Ends with the benchmark that started it.
process.stdin.on('end', () => process.exit(0)).resume();
