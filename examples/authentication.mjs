// Everybody reads; only users with the right password push, and only to repositories below their own name.
// Usage: USERS='ada:secret' node examples/authentication.mjs [folder]
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createGitServer, nodeHandler } from 'gittyphoon';

// For the example only: an application keeps hashes made by bcrypt, scrypt or argon2.
const digest = (text) => createHash('sha256').update(text).digest();
const users = new Map((process.env.USERS ?? '').split(' ').map((entry) => entry.split(/:(.*)/s)));

const git = createGitServer({
  repositories: process.argv[2] ?? '.',
  publicRead: true,
  authenticate: ({ credentials }) => {
    if (credentials?.scheme !== 'basic') return undefined;
    const { username, password } = credentials;
    const isRight = timingSafeEqual(digest(users.get(username) ?? ''), digest(password));
    return isRight && users.has(username) && password !== '' ? { name: username } : undefined;
  },
  authorize: ({ name, user }) => user !== undefined && name.startsWith(`${user.name}/`),
});
const server = createServer(
  { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 },
  nodeHandler(git),
);
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
