import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { nodeHandler } from '../../../src/index.js';
import { listening, serverOptions, type Door } from './door.js';

/** The pages of a plain host, below `prefix`. */
export async function pages(
  prefix: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = `${request.method} ${request.url}`;
  if (page === `GET ${prefix}/welcome`) {
    response.end('welcome');
  } else if (page === `POST ${prefix}/form`) {
    const form = (await json(request)) as { readonly name: string };
    response.end(form.name);
  } else {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    response.end('no such page');
  }
}

export function nodeDoor(prefix: string): Door {
  return {
    name: prefix === '' ? 'node:http' : `node:http below ${prefix}`,
    prefix,
    isOpinionated: false,
    listen(git) {
      const handler = nodeHandler(git, {
        prefix,
        fallback: (request, response) => void pages(prefix, request, response),
      });
      const server = createServer(serverOptions, handler);
      server.on('checkContinue', handler.checkContinue);
      return listening(server);
    },
  };
}
