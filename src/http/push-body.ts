/** The body of a push: its head is collected and read before git starts, the pack behind it goes into git. */
import { GitTyphoonError } from '../errors.js';
import type { GitProcess } from '../git/process.js';
import { PktLineError } from '../protocol/pkt-line.js';
import { PushRequestError, PushRequestParser, type PushRequest } from '../protocol/push-request.js';
import type { ByteLimit } from '../push/limits.js';
import type { PackCheck } from '../push/object-limit.js';
import { tooLarge, type ChunkSink } from './body.js';

/** Commands are kept in memory; a push of 200,000 refs needs about 25 MB for them. */
const maxHeadBytes = 64 * 1024 * 1024;

const nothing = Buffer.alloc(0);

/** Collects the head of the request, then passes what follows on to git. */
export class PushBody {
  /** The commands, once they have all arrived. */
  readonly head: Promise<PushRequest>;
  readonly #parser: PushRequestParser;
  #headChunks: Buffer[] = [];
  #headBytes = 0;
  #resolveHead!: (request: PushRequest) => void;
  #git: GitProcess | undefined;
  #gitStarted!: () => void;
  readonly #whenGitStarted = new Promise<void>((resolve) => {
    this.#gitStarted = resolve;
  });
  /** What has come behind the head before git has started; undefined until the head is complete. */
  #packStart: Buffer | undefined;
  #bytes = 0;
  #checkPack: PackCheck = () => {};
  #limit: ByteLimit = { maxBytes: Number.POSITIVE_INFINITY, message: '' };

  constructor(offersPushOptions: boolean) {
    this.#parser = new PushRequestParser({ offersPushOptions });
    this.head = new Promise((resolve) => {
      this.#resolveHead = resolve;
    });
  }

  /** Whether any byte has come at all. */
  get isEmpty(): boolean {
    return this.#headBytes === 0;
  }

  /** Bounds the whole push from now on, what has come included. */
  limitTo(limit: ByteLimit): void {
    this.#limit = limit;
    this.#checkLimit();
  }

  /** Shows the pack to `check` from now on, what has come included, before git is given it. */
  checkPackBy(check: PackCheck): void {
    this.#checkPack = check;
    if (this.#packStart) check(this.#packStart);
  }

  readonly sink: ChunkSink = (chunk) => {
    this.#bytes += chunk.length;
    this.#checkLimit();
    if (this.#packStart) {
      this.#checkPack(chunk);
      return this.#write(chunk);
    }
    this.#headChunks.push(chunk);
    this.#headBytes += chunk.length;
    if (this.#headBytes > maxHeadBytes) throw tooLarge(maxHeadBytes);
    const headEnd = this.#parse(chunk);
    if (headEnd === undefined) return undefined;
    this.#packStart = chunk.subarray(headEnd);
    this.#resolveHead(this.#parser.result());
    return this.#whenGitStarted;
  };

  /** Gives git everything so far. */
  startWith(git: GitProcess): void {
    this.#git = git;
    for (const chunk of this.#headChunks) git.stdin?.write(chunk);
    this.#forgetStart();
    this.#gitStarted();
  }

  /** Lets the rest of the body pass by, for when no git is needed. */
  discardRest(): void {
    this.#checkPack = () => {};
    this.#forgetStart();
    this.#gitStarted();
  }

  #forgetStart(): void {
    this.#headChunks = [];
    if (this.#packStart) this.#packStart = nothing;
  }

  #checkLimit(): void {
    const { maxBytes, message } = this.#limit;
    if (this.#bytes > maxBytes) throw new GitTyphoonError('ERR_BODY_TOO_LARGE', { message });
  }

  /** A git that has ended reads no more; the request is still drained, so that git's own report reaches the client. */
  #write(chunk: Buffer): Promise<void> | undefined {
    const stdin = this.#git?.stdin;
    if (!stdin || stdin.destroyed || !stdin.writable) return undefined;
    if (stdin.write(chunk)) return undefined;
    return new Promise((resolve) => {
      const proceed = (): void => {
        stdin.off('drain', proceed).off('close', proceed);
        resolve();
      };
      stdin.on('drain', proceed).on('close', proceed);
    });
  }

  #parse(chunk: Buffer): number | undefined {
    try {
      return this.#parser.feed(chunk);
    } catch (error) {
      if (error instanceof PktLineError || error instanceof PushRequestError) {
        throw new GitTyphoonError('ERR_BAD_REQUEST', { message: `bad push: ${error.message}`, cause: error });
      }
      throw error;
    }
  }
}
