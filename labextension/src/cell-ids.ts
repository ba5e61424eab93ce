import type { Check, Finding } from './messages';

/** Where a finding stands, as far as a kernel knows it that was not told of cells. */
export interface Whereabouts {
  /** The cell's execution count. */
  readonly cell: number;
  readonly line: number;
  /** The text of that line. */
  readonly source: string;
}

/** Returns the id of the one cell of a kernel's notebooks that it can be; null if there is none. */
export type CellIdOf = (kernelId: string, where: Whereabouts) => string | null;

/** What is needed of an `INotebookTracker`. */
export interface INotebooks {
  forEach(visit: (panel: INotebook) => void): void;
}

interface INotebook {
  readonly sessionContext: {
    readonly session: { readonly kernel: { readonly id: string } | null } | null;
  };
  readonly content: {
    readonly model: { readonly sharedModel: { readonly cells: readonly ICell[] } } | null;
  };
}

interface ICell {
  readonly cell_type: unknown;
  readonly execution_count?: number | null;
  getId(): string;
  getSource(): string;
}

/** Look cells up in notebooks: a count alone may be from before the kernel was restarted. */
export function cellIdsIn(notebooks: INotebooks): CellIdOf {
  return (kernelId, { cell, line, source }) => {
    const wanted = source.trim();
    const found = new Set<string>(); // a notebook may be shown twice
    notebooks.forEach(({ sessionContext, content }) => {
      const isOurs = sessionContext.session?.kernel?.id === kernelId;
      for (const one of (isOurs && content.model?.sharedModel.cells) || []) {
        const isIt = one.cell_type === 'code' && one.execution_count === cell;
        if (isIt && wanted !== '' && lineOf(one.getSource(), line) === wanted) {
          found.add(one.getId());
        }
      }
    });
    const [id] = found;
    return found.size === 1 && id !== undefined ? id : null;
  };
}

/** Gives findings the ids of their cells where the kernel knows only when those were run. */
export class CellIds {
  constructor(private readonly cellIdOf: CellIdOf) {}

  /** Return a kernel's checks with the ids that can be known; what was found once stays so. */
  resolved(kernelId: string, checks: readonly Check[]): readonly Check[] {
    const before = this.known.get(kernelId);
    const now = new Map<string, string>();
    const withId = (finding: Finding): Finding => {
      const { cell, cell_id, line, source } = finding;
      if (cell_id !== null || cell === null || line === null || source === null) {
        return finding;
      }
      const key = JSON.stringify([cell, line, source]);
      const id = before?.get(key) ?? this.cellIdOf(kernelId, { cell, line, source });
      if (id === null) {
        return finding;
      }
      now.set(key, id);
      return { ...finding, cell_id: id };
    };
    const all = checks.map((check) => ({ ...check, findings: check.findings.map(withId) }));
    this.known.set(kernelId, now);
    return all;
  }

  forget(kernelId: string): void {
    this.known.delete(kernelId);
  }

  private readonly known = new Map<string, ReadonlyMap<string, string>>();
}

function lineOf(source: string, line: number): string | undefined {
  return source.split('\n')[line - 1]?.trim();
}
