import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { nodeHandler } from '../../../src/index.js';
import { listening, serverOptions, type Door } from './door.js';
import { pages } from './node.js';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** A chain of `(req, res, next)` as Connect, Polka and many servers of development tools run it. */
function chain(
  ...layers: readonly Middleware[]
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const run = (index: number): void => layers[index]?.(request, response, () => run(index + 1));
    run(0);
  };
}

export const connectDoor: Door = {
  name: 'a chain of (req, res, next)',
  prefix: '/repositories',
  isOpinionated: false,
  listen(git) {
    const before: Middleware = (_request, _response, next) => setImmediate(next);
    const last: Middleware = (request, response) => void pages('/repositories', request, response);
    const handler = nodeHandler(git, { prefix: '/repositories' });
    return listening(createServer(serverOptions, chain(before, handler, last)));
  },
};
