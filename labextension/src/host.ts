import { Clipboard } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { type INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';

import type { IHost, ISidebarModel } from './interfaces';
import { relativePath } from './paths';
import type { Where } from './words';

/** The parts of the application that the host works with. */
export interface Surroundings {
  readonly commands: CommandRegistry;
  readonly notebooks: INotebookTracker;
  readonly consoles: IConsoleTracker | null;
  /** Bring a widget to the front. */
  readonly activate: (widgetId: string) => void;
  /** Where the file browser's root is on the server's machine. */
  readonly serverRoot: string;
  /** Why a cell could not be run. */
  readonly refusal: string;
}

const BROWSE = ['filebrowser:go-to-path', 'filebrowser:open-path'];

/** JupyterLab or Notebook, for the sidebar. */
export class Host implements IHost {
  constructor(
    private readonly model: ISidebarModel,
    private readonly around: Surroundings,
  ) {}

  async reveal(place: Where): Promise<boolean> {
    return (await this.revealInNotebook(place)) || this.revealInConsole(place);
  }

  async runCell(text: string): Promise<void> {
    const { notebooks, consoles, activate, refusal } = this.around;
    const widgetId = this.model.place?.widgetId;
    const notebook = notebooks.find((panel) => panel.id === widgetId);
    const terminal = consoles?.find((panel) => panel.id === widgetId);
    if (notebook) {
      activate(notebook.id);
      await insertAndRun(notebook, text);
    } else if (terminal) {
      activate(terminal.id);
      await terminal.console.inject(text);
    } else {
      throw new Error(refusal);
    }
  }

  canBrowse(path: string): boolean {
    return this.browseCommand() !== undefined && this.inBrowser(path) !== null;
  }

  async browse(path: string): Promise<void> {
    const command = this.browseCommand();
    const inside = this.inBrowser(path);
    if (command !== undefined && inside !== null) {
      await this.around.commands.execute(command, { path: inside });
    }
  }

  copy(text: string): Promise<void> {
    Clipboard.copyToSystem(text);
    return Promise.resolve();
  }

  private async revealInNotebook(place: Where): Promise<boolean> {
    const panels = this.ours<NotebookPanel>(this.around.notebooks);
    const found = inTurn(place, (isIt) => {
      for (const panel of panels) {
        const index = panel.content.widgets.findIndex(isIt);
        const cell = panel.content.widgets[index];
        if (cell) {
          return { panel, index, cell };
        }
      }
      return null;
    });
    if (!found) {
      return false;
    }
    const { panel, index, cell } = found;
    this.around.activate(panel.id);
    await panel.content.scrollToCell(cell);
    panel.content.activeCellIndex = index;
    await showLine(cell, place.line);
    return true;
  }

  private async revealInConsole(place: Where): Promise<boolean> {
    const panels = this.around.consoles ? this.ours<ConsolePanel>(this.around.consoles) : [];
    const found = inTurn(place, (isIt) => {
      for (const panel of panels) {
        const cell = Array.from(panel.console.cells).find(isIt);
        if (cell) {
          return { panel, cell };
        }
      }
      return null;
    });
    if (!found) {
      return false;
    }
    this.around.activate(found.panel.id);
    found.cell.node.scrollIntoView({ block: 'nearest' });
    await showLine(found.cell, place.line);
    return true;
  }

  /** The notebooks or consoles of the kernel that the sidebar follows, its own one first. */
  private ours<T extends NotebookPanel | ConsolePanel>(tracker: {
    filter(isWanted: (panel: T) => boolean): T[];
  }): T[] {
    const { kernel, place } = this.model;
    const panels = tracker.filter((panel) => {
      const id = panel.sessionContext.session?.kernel?.id;
      return id !== undefined && id === kernel?.id;
    });
    return panels.sort(
      (a, b) => Number(b.id === place?.widgetId) - Number(a.id === place?.widgetId),
    );
  }

  private browseCommand(): string | undefined {
    return BROWSE.find((command) => this.around.commands.hasCommand(command));
  }

  private inBrowser(path: string): string | null {
    return relativePath(path, this.around.serverRoot, this.model.kernel?.welcome?.home ?? '');
  }
}

/** Look for the cell by its id; where none has it, by the number of its last run. */
function inTurn<T>(place: Where, find: (isIt: (cell: Cell) => boolean) => T | null): T | null {
  const byId = place.cell_id !== null ? find((cell) => cell.model.id === place.cell_id) : null;
  if (byId !== null || place.cell === null) {
    return byId;
  }
  return find((cell) => executionCount(cell) === place.cell);
}

function executionCount(cell: Cell): number | null {
  const source = cell.model.sharedModel;
  return source.cell_type === 'code' && 'execution_count' in source ? source.execution_count : null;
}

async function showLine(cell: Cell, line: number | null): Promise<void> {
  // A cell that has not been in sight yet has no editor.
  await cell.ready;
  const { editor } = cell;
  if (!editor) {
    return;
  }
  const last = Math.max(editor.lineCount - 1, 0);
  const position = { line: Math.min(Math.max((line ?? 1) - 1, 0), last), column: 0 };
  editor.focus();
  editor.setCursorPosition(position);
  editor.revealPosition(position);
}

/** Insert a code cell below the active one and run it, and no other. */
async function insertAndRun(panel: NotebookPanel, text: string): Promise<void> {
  const { content, sessionContext } = panel;
  const at = content.activeCell ? content.activeCellIndex + 1 : 0;
  content.model?.sharedModel.insertCell(at, {
    cell_type: 'code',
    source: text,
    metadata: { trusted: true },
  });
  content.activeCellIndex = at;
  content.deselectAll();
  const cell = content.widgets[at];
  if (cell) {
    await content.scrollToCell(cell);
    await NotebookActions.runCells(content, [cell], sessionContext);
  }
}
