import { listOrAll } from '../collection-kinds.js';
import { seconds, yesOrNo } from '../kinds.js';
import { setting } from '../setting.js';

/** Cross-origin access for browsers. */
export const cors = {
  'cors.origins': setting({
    kind: listOrAll,
    text: 'the origins of pages that may read here, such as `https://example.org`',
    without: 'none',
    option: 'cors.origins',
  }),
  'cors.credentials': setting({
    kind: yesOrNo,
    default: false,
    text: 'let browsers send cookies and the like along; not possible with `*`',
    option: 'cors.credentials',
  }),
  'cors.max-age': setting({
    kind: seconds,
    default: 600,
    text: 'how long browsers may remember a preflight',
    option: 'cors.maxAgeSeconds',
  }),
};
