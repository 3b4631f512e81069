import { createServer } from 'node:http';
import express from 'express';
import { nodeHandler } from '../../../src/index.js';
import { listening, serverOptions, type Door } from './door.js';

export function expressDoor(prefix: string): Door {
  return {
    name: prefix === '' ? 'Express' : `Express below ${prefix}`,
    prefix,
    isOpinionated: false,
    listen(git) {
      const app = express();
      app.disable('x-powered-by');
      app.use(express.json());
      app.get(`${prefix}/welcome`, (_request, response) => void response.send('welcome'));
      if (prefix === '') app.use(nodeHandler(git));
      else app.use(prefix, nodeHandler(git));
      // After git, with the body as the parser in front of git has left it.
      app.post(`${prefix}/form`, (request, response) => {
        response.send((request.body as { readonly name: string }).name);
      });
      app.use((_request, response) => void response.status(404).type('text').send('no such page'));
      return listening(createServer(serverOptions, app));
    },
  };
}
