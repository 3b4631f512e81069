import { text, wholeNumber } from '../kinds.js';
import { setting } from '../setting.js';

/** Where the server listens. */
export const listening = {
  'listen.port': setting({
    kind: wholeNumber(0, 65_535),
    default: 8080,
    flag: '-p, --port <number>',
    text: 'the port to listen on; 0 takes a free one',
    needsRestart: true,
  }),
  'listen.host': setting({
    kind: text,
    flag: '--host <address>',
    text: 'the address to listen on (default: all)',
    without: 'all addresses',
    needsRestart: true,
  }),
};
