import { logLevels } from '../../logging.js';
import { choice, path } from '../kinds.js';
import { setting } from '../setting.js';

/** What the server tells its operator, and others. */
export const operation = {
  'webhooks.file': setting({
    kind: path,
    flag: '--webhooks <FILE>',
    text: 'whom to tell of pushes',
    without: 'none',
  }),
  'webhooks.queue': setting({
    kind: path,
    flag: '--webhook-queue <DIR>',
    text: 'where deliveries wait until they have arrived',
    without: "`webhooks` in the service's folder for state, or in the user's",
  }),
  'log.level': setting({
    kind: choice(logLevels),
    default: 'info',
    flag: '--log-level <level>',
    text: 'how much to log',
  }),
};
