import type { Failed, Said } from './messages';

interface Waiting {
  readonly kind: Said['kind'];
  readonly settle: (answer: Said) => void;
  readonly fail: (error: Error) => void;
}

/** Requests that wait for their one answer. */
export class Pending {
  /** Return the answer to a request, which is of this kind; it rejects with what went wrong. */
  wait<K extends Said['kind']>(id: string, kind: K): Promise<Extract<Said, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const settle = (answer: Said) => resolve(answer as Extract<Said, { kind: K }>);
      this._waiting.set(id, { kind, settle, fail: reject });
    });
  }

  /** Take an answer; false if nobody waits for it. */
  take(answer: Extract<Said, { id: string }>): boolean {
    const waiting = this._waiting.get(answer.id);
    if (waiting === undefined || (answer.kind !== waiting.kind && answer.kind !== 'failed')) {
      return false;
    }
    this._waiting.delete(answer.id);
    if (answer.kind === waiting.kind) {
      waiting.settle(answer);
    } else {
      waiting.fail(new Error((answer as Failed).text));
    }
    return true;
  }

  /** The ids of what waits. */
  get ids(): readonly string[] {
    return [...this._waiting.keys()];
  }

  /** End the wait of these, or of all. */
  reject(sentence: string, ids: readonly string[] = this.ids): void {
    for (const id of ids) {
      this._waiting.get(id)?.fail(new Error(sentence));
      this._waiting.delete(id);
    }
  }

  private readonly _waiting = new Map<string, Waiting>();
}
