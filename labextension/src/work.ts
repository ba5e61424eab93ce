import type { TranslationBundle } from '@jupyterlab/translation';

import type { Job, Outcome } from './interfaces';
import { Jobs, type Order } from './jobs';
import type { Done, Failed } from './messages';
import * as sentences from './sentences';

/** The jobs of a kernel, and how the last one ended. */
export class Work {
  constructor(trans: TranslationBundle) {
    this._trans = trans;
  }

  get jobs(): readonly Job[] {
    return this._jobs.all;
  }

  get outcome(): Outcome | null {
    return this._outcome;
  }

  /** The ids of what the kernel has. */
  get sent(): readonly string[] {
    return this._jobs.sent;
  }

  /**
   * Queue a job; it resolves when it has ended: true if well.
   *
   * What a person asks for is news: how the last one ended goes. What nobody asked for (`isAsked`
   * is false) leaves an export's end in sight.
   */
  add(order: Order, isAsked = true): Promise<boolean> {
    if (isAsked || this._outcome?.what === 'check') {
      this._outcome = null;
    }
    return this._jobs.add(order);
  }

  /** Tell of a job that it can't be done. */
  refuse(order: Order): void {
    this._outcome = sentences.refused(order, this._trans);
  }

  /** Send the next job, if any; false if that has failed. */
  sendNext(send: (order: Order) => boolean): boolean {
    const order = this._jobs.next();
    if (order === null || send(order)) {
      return true;
    }
    this._jobs.end(order.id);
    this.refuse(order);
    return false;
  }

  /** Note that the kernel is at a job; null if it is none of ours. */
  begin(id: string): { isUnwanted: boolean } | null {
    const begun = this._jobs.begin(id);
    if (begun !== null) {
      this._tell(begun.order, null);
    }
    return begun;
  }

  /** Take the answer to a job; false if it is none of ours. */
  end(answer: Done | Failed): boolean {
    const order = this._jobs.end(answer.id, answer.kind === 'done');
    if (order !== null) {
      this._tell(order, sentences.ended(order, answer, this._trans));
    }
    return order !== null;
  }

  /** Drop what the kernel has not got; tells whether it is at a job. */
  cancel(): { hasDropped: boolean; runs: boolean } {
    const { dropped, runs } = this._jobs.cancel();
    this._outcome = sentences.dropped(dropped, this._trans) ?? this._outcome;
    return { hasDropped: dropped.length > 0, runs };
  }

  /** End these without an answer. */
  lose(ids: readonly string[], why: string): void {
    for (const id of ids) {
      const order = this._jobs.end(id);
      if (order !== null) {
        this._tell(order, sentences.lost(order, why, this._trans));
      }
    }
  }

  /** End all of a kernel that is gone, with its outcome; the first is the one that it was at. */
  clear(why: string): void {
    const [first] = this._jobs.clear();
    this._outcome = first === undefined ? null : sentences.lost(first, why, this._trans);
  }

  /**
   * Tell how a job is.
   *
   * An export's end goes when a person asks for something new; if it is there, it has come after
   * this check was asked for, or nobody has asked for the check: then it stays.
   */
  private _tell(order: Order, outcome: Outcome | null): void {
    if (order.kind === 'export' || this._outcome?.what !== 'export') {
      this._outcome = outcome;
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _jobs = new Jobs();
  private _outcome: Outcome | null = null;
}
