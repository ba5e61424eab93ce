import { JSONExt } from '@lumino/coreutils';

import type { Job } from './interfaces';
import type { CheckModel, ExportModel } from './messages';

/** The request of a job. */
export type Order = CheckModel | ExportModel;

interface Held {
  readonly order: Order;
  readonly ended: Promise<boolean>;
  readonly finish: (isDone: boolean) => void;
  isSent: boolean;
  hasBegun: boolean;
  /** The person has cancelled it when it could no longer be taken back. */
  isUnwanted: boolean;
}

/**
 * Checks and exports in their order.
 *
 * They are held here and given to the kernel one at a time, since nothing takes back a message
 * that waits in the kernel.
 */
export class Jobs {
  get all(): readonly Job[] {
    return this._held.map(({ order, hasBegun }) => ({
      id: order.id,
      what: order.kind,
      subject: order.model,
      state: hasBegun ? 'running' : 'queued',
    }));
  }

  /** The ids of those that the kernel has. */
  get sent(): readonly string[] {
    return this._held.filter((held) => held.isSent).map((held) => held.order.id);
  }

  /**
   * Append a job; it resolves when the job has ended, however it did: true if well.
   *
   * An export that is there already is not appended: somebody has clicked twice.
   */
  add(order: Order): Promise<boolean> {
    if (order.kind === 'check') {
      this._supersede(order.model);
    }
    const same = this._held.find((held) => !held.isUnwanted && isSameExport(held.order, order));
    if (same !== undefined) {
      return same.ended;
    }
    let finish: Held['finish'] = () => {};
    const ended = new Promise<boolean>((resolve) => {
      finish = resolve;
    });
    this._held.push({
      order,
      ended,
      finish,
      isSent: false,
      hasBegun: false,
      isUnwanted: false,
    });
    return ended;
  }

  /** Return the next one that the kernel shall get, and mark it as sent. */
  next(): Order | null {
    const first = this._held[0];
    if (first === undefined || first.isSent) {
      return null;
    }
    first.isSent = true;
    return first.order;
  }

  /** Note that the kernel is at a job; null if it is none of ours. */
  begin(id: string): { order: Order; isUnwanted: boolean } | null {
    const held = this._held.find(({ order }) => order.id === id);
    if (held === undefined) {
      return null;
    }
    held.hasBegun = true;
    return { order: held.order, isUnwanted: held.isUnwanted };
  }

  /** Remove a job that has ended; null if it is none of ours. */
  end(id: string, isDone = false): Order | null {
    return this._remove(({ order }) => order.id === id, isDone)[0] ?? null;
  }

  /** Remove what was not sent yet, and mark what was; tells whether one runs. */
  cancel(): { dropped: Order[]; runs: boolean } {
    const dropped = this._remove(({ isSent }) => !isSent);
    for (const held of this._held) {
      held.isUnwanted = true;
    }
    return { dropped, runs: this._held.some((held) => held.hasBegun) };
  }

  /** Remove all. */
  clear(): Order[] {
    return this._remove(() => true);
  }

  /** A check that has not begun tells nothing that a later one of the same model won't. */
  private _supersede(model: string): void {
    this._remove(({ order, isSent }) => !isSent && order.kind === 'check' && order.model === model);
  }

  private _remove(isMeant: (held: Held) => boolean, isDone = false): Order[] {
    const removed = this._held.filter(isMeant);
    this._held = this._held.filter((held) => !isMeant(held));
    for (const { finish } of removed) {
      finish(isDone);
    }
    return removed.map(({ order }) => order);
  }

  private _held: Held[] = [];
}

function isSameExport(one: Order, other: Order): boolean {
  return (
    one.kind === 'export' &&
    other.kind === 'export' &&
    one.model === other.model &&
    one.directory === other.directory &&
    JSONExt.deepEqual(one.options, other.options)
  );
}
