import { Transform, type TransformCallback } from 'node:stream';
import type { Capabilities } from '../protocol/capabilities.js';
import { encodePushRefusal, PushReportParser } from '../protocol/push-report.js';
import { ReportGate } from '../protocol/report-gate.js';

/** What the client is told: git's own report, or that all of it was refused. */
export type ReportDecision = { readonly kind: 'pass' } | { readonly kind: 'refuse'; readonly reason: string };

/** What the client must have negotiated for this answer to be what it is. */
function capabilitiesOf(report: Buffer): Capabilities {
  const isInBand = report[4] === 1;
  return new Map([['report-status', []], ...(isInBand ? [['side-band-64k', []] as const] : [])]);
}

async function failureOf(work: Promise<void>): Promise<Error | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * The answer of receive-pack, with its report held back until it is decided what becomes of the push as a whole. git
 * has written all refs by the time its report begins. Fails where the client cannot be told of a refusal.
 */
export class HeldReport extends Transform {
  readonly #decide: () => Promise<ReportDecision>;
  readonly #gate = new ReportGate();
  #decision: ReportDecision | undefined;
  #parser: PushReportParser | undefined;
  #capabilities: Capabilities = new Map();
  #pushedBytes = 0;

  constructor(decide: () => Promise<ReportDecision>) {
    super({ highWaterMark: 1 });
    this.#decide = decide;
  }

  /** Bytes of the answer that have been given to the reader. */
  get pushedBytes(): number {
    return this.#pushedBytes;
  }

  override async _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: TransformCallback,
  ): Promise<void> {
    done(await failureOf(this.#take(chunk)));
  }

  override async _flush(done: TransformCallback): Promise<void> {
    done(await failureOf(this.#end()));
  }

  async #take(chunk: Buffer): Promise<void> {
    const { progress, report } = this.#gate.split(chunk);
    this.#give(progress);
    if (report.length === 0) return;
    this.#decision ??= await this.#decide();
    if (this.#decision.kind === 'pass') {
      this.#give(report);
      return;
    }
    if (!this.#parser) {
      this.#capabilities = capabilitiesOf(report);
      this.#parser = new PushReportParser(this.#capabilities);
    }
    this.#parser.feed(report);
  }

  async #end(): Promise<void> {
    this.#decision ??= await this.#decide();
    if (this.#decision.kind === 'pass') return;
    const report = this.#parser?.result();
    if (!report) throw new Error(`a push without a report was refused: ${this.#decision.reason}`);
    const updates = [...report.refs.keys()].map((refName) => ({ refName }));
    this.#give(encodePushRefusal(updates, this.#capabilities, this.#decision.reason) ?? Buffer.alloc(0));
  }

  #give(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pushedBytes += bytes.length;
    this.push(bytes);
  }
}
