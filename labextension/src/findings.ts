import { type ISignal, Signal } from '@lumino/signaling';
import type { Check, Finding } from './messages';

/** From which severity on findings are shown in editors. */
export type Minimum = Finding['severity'] | 'off';

/** A finding of a cell, with the model that it was found in. */
export interface Placed {
  readonly finding: Finding;
  /** The model: `Check.subject`. */
  readonly subject: string;
  /** Whether the kernel says that the model or its cell has changed since. */
  readonly isStale: boolean;
  /** The same as long as it is the same finding of the same run of the cell. */
  readonly key: string;
}

const SHOWN: Readonly<Record<Minimum, readonly Finding['severity'][]>> = {
  off: [],
  error: ['error'],
  warning: ['error', 'warning'],
  info: ['error', 'warning', 'info'],
};

type ByCell = ReadonlyMap<string, readonly Placed[]>;

/** The findings of all kernels by the cell that they stand in. No DOM. */
export class FindingsStore {
  readonly #kernels = new Map<string, ByCell>();
  readonly #changed = new Signal<this, ReadonlySet<string>>(this);
  #minimum: Minimum;

  constructor(minimum: Minimum = 'info') {
    this.#minimum = minimum;
  }

  /** Emitted with the ids of the cells whose findings have changed, and of no others. */
  get changed(): ISignal<this, ReadonlySet<string>> {
    return this.#changed;
  }

  /** Take what a kernel's checks have found, in place of what they had found before. */
  setChecks(kernelId: string, checks: readonly Check[]): void {
    this.#replace(kernelId, byCell(kernelId, checks));
  }

  /** Forget a kernel. */
  remove(kernelId: string): void {
    this.#replace(kernelId, new Map());
  }

  /** Show findings of this severity and graver ones. */
  setMinimum(minimum: Minimum): void {
    const cells = new Set([...this.#kernels.values()].flatMap((known) => [...known.keys()]));
    const before = new Map([...cells].map((id) => [id, this.of(id).length]));
    this.#minimum = minimum;
    this.#tell([...cells].filter((id) => this.of(id).length !== before.get(id)));
  }

  /** The findings to show in a cell. */
  of(cellId: string): readonly Placed[] {
    const shown = SHOWN[this.#minimum];
    return this.all(cellId).filter((placed) => shown.includes(placed.finding.severity));
  }

  /** The findings of a cell, those that are not shown among them. */
  all(cellId: string): readonly Placed[] {
    return [...this.#kernels.values()].flatMap((known) => known.get(cellId) ?? []);
  }

  #replace(kernelId: string, now: ByCell): void {
    const before: ByCell = this.#kernels.get(kernelId) ?? new Map();
    if (now.size > 0) {
      this.#kernels.set(kernelId, now);
    } else {
      this.#kernels.delete(kernelId);
    }
    const cells = new Set([...before.keys(), ...now.keys()]);
    this.#tell([...cells].filter((id) => !isSame(before.get(id) ?? [], now.get(id) ?? [])));
  }

  #tell(cells: readonly string[]): void {
    if (cells.length > 0) {
      this.#changed.emit(new Set(cells));
    }
  }
}

function byCell(kernelId: string, checks: readonly Check[]): ByCell {
  const found = new Map<string, Placed[]>();
  for (const { subject, is_stale: isStale, findings } of checks) {
    for (const finding of findings) {
      if (finding.cell_id !== null && finding.line !== null) {
        // `cell` is in it: it counts executions, so a cell that is run again has new findings.
        const key = JSON.stringify([kernelId, subject, finding]);
        const others = found.get(finding.cell_id) ?? [];
        found.set(finding.cell_id, [...others, { finding, subject, isStale, key }]);
      }
    }
  }
  return found;
}

function isSame(some: readonly Placed[], others: readonly Placed[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, at) => one.key === others[at]?.key && one.isStale === others[at]?.isStale)
  );
}
