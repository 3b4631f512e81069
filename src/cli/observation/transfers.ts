/** What is going on, in a line: transfers with what has gone over so far, and how fast. */
import type { RequestContext } from '../../context.js';
import type { ActiveRequest } from '../../events.js';
import type { GitServer } from '../../server.js';
import { roughSizeText } from '../../size-text.js';
import { printable } from '../printable.js';
import type { LiveLine } from './live-line.js';

const intervalMs = 500;

/** What is over sooner is not shown: nobody could read it. */
const shownFromMs = 400;

/** One line has no room for more. */
const shownTransfers = 3;

const words: Readonly<Record<ActiveRequest['context']['service'], string>> = {
  'git-upload-pack': 'fetch',
  'git-receive-pack': 'push',
  'git-upload-archive': 'archive',
  dumb: 'file',
};

interface Reading {
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** Of a transfer, now and when it was looked at last; `before` is none at the first time. */
function describeTransfer(request: ActiveRequest, before: Reading = { bytes: 0, elapsedMs: 0 }): string {
  const { context, user, repository, stage, elapsedMs } = request;
  const bytes = request.requestBytes + request.responseBytes;
  const name = `/${printable(repository?.name ?? context.path, 60)}`;
  const who = user ? ` by ${printable(user.name, 30)}` : '';
  const rate = ((bytes - before.bytes) * 1000) / Math.max(1, elapsedMs - before.elapsedMs);
  const doing = stage === 'queue' ? 'waits' : `${roughSizeText(bytes)}, ${roughSizeText(rate)}/s`;
  return `${words[context.service]} ${name}${who}: ${doing}`;
}

/** Makes the text of each moment; remembers the one before, for the rates. */
export class TransferText {
  #before = new Map<RequestContext, Reading>();

  /** An empty text where nothing takes long enough to be looked at. */
  next(requests: readonly ActiveRequest[]): string {
    const shown = requests.filter(({ elapsedMs }) => elapsedMs >= shownFromMs);
    const texts = shown
      .slice(0, shownTransfers)
      .map((request) => describeTransfer(request, this.#before.get(request.context)));
    this.#before = new Map(
      shown.map(({ context, requestBytes, responseBytes, elapsedMs }) => [
        context,
        { bytes: requestBytes + responseBytes, elapsedMs },
      ]),
    );
    const more = shown.length - texts.length;
    return [...texts, ...(more > 0 ? [`${more} more`] : [])].join(' · ');
  }
}

/** Keeps the line up to date until what is returned is called. */
export function showTransfers(server: Pick<GitServer, 'activeRequests'>, line: LiveLine): () => void {
  const text = new TransferText();
  const timer = setInterval(() => line.show(text.next(server.activeRequests())), intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    line.show('');
  };
}
