import type { RefUpdate } from '../protocol/push-request.js';

/** A reason is one line of a pkt-line, and one line of a terminal (gitprotocol-pack: error-msg). */
function oneLine(reason: string): string {
  // oxlint-disable-next-line no-control-regex
  const text = reason.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return text === '' ? 'refused' : text.slice(0, 1_000);
}

/** Refs of a push that are refused, and why. */
export class Refusals {
  readonly #reasons = new Map<string, string>();
  #forAll: string | undefined;

  /** Without a name the whole push is refused. The first reason stays. */
  add(reason: string, refName?: string): void {
    if (refName === undefined) this.#forAll ??= oneLine(reason);
    else if (!this.#reasons.has(refName)) this.#reasons.set(refName, oneLine(reason));
  }

  get isEmpty(): boolean {
    return this.#forAll === undefined && this.#reasons.size === 0;
  }

  /** Why a ref is refused; undefined where it is not. */
  reasonOf(refName: string): string | undefined {
    return this.#reasons.get(refName) ?? this.#forAll;
  }

  /** Whether nothing is left of the push: every ref is refused, or one of a push that is atomic. */
  coverAll(updates: readonly RefUpdate[], isAtomic: boolean): boolean {
    if (this.isEmpty) return false;
    if (isAtomic && updates.some(({ refName }) => this.reasonOf(refName) !== undefined)) return true;
    return updates.every(({ refName }) => this.reasonOf(refName) !== undefined);
  }
}
