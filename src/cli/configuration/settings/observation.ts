import { text, yesOrNo } from '../kinds.js';
import { address } from '../network-kinds.js';
import { setting } from '../setting.js';

/** How the server is watched. */
export const observation = {
  'metrics.listen': setting({
    kind: address,
    flag: '--metrics-listen <ADDRESS:PORT>',
    text: 'where to show metrics and health, such as 127.0.0.1:9180',
    without: 'no metrics',
    needsRestart: true,
  }),
  'log.request-id-header': setting({
    kind: text,
    text: 'the header in which a trusted proxy gives a request its id',
    without: 'ids are made here',
    needsRestart: true,
  }),
  'log.live': setting({
    kind: yesOrNo,
    default: true,
    text: 'whether the last line of a terminal shows the transfers that run',
    needsRestart: true,
  }),
};
