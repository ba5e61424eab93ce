import { Signal } from '@lumino/signaling';

import type { IPanel, IPanels, IShell } from '../src/tracker';
import type { FakeKernel } from './fakes';

/** A notebook or console, of which a test changes the kernel. */
export class FakePanel implements IPanel {
  isDisposed = false;
  readonly disposed = new Signal<this, void>(this);
  readonly title = new FakeTitle();
  readonly sessionContext = new FakeContext();

  constructor(
    readonly id: string,
    kernel: FakeKernel | null,
  ) {
    this.title.label = `${id}.ipynb`;
    this.sessionContext.session = kernel === null ? null : { kernel };
  }

  setKernel(kernel: FakeKernel | null): void {
    this.sessionContext.session = { kernel };
    this.sessionContext.kernelChanged.emit();
  }

  /** As JupyterLab does: the context goes first, with the connection. */
  close(): void {
    const { sessionContext: context } = this;
    const kernel = context.session?.kernel;
    context.isDisposed = true;
    context.disposed.emit();
    kernel?.connect('disconnected');
    context.session = null;
    this.isDisposed = true;
    this.disposed.emit();
  }
}

class FakeTitle {
  label = '';
  readonly changed = new Signal<this, void>(this);
}

class FakeContext {
  session: { kernel: FakeKernel | null } | null = null;
  isDisposed = false;
  readonly kernelDisplayName = 'Python 3';
  readonly kernelChanged = new Signal<this, void>(this);
  readonly disposed = new Signal<this, void>(this);
}

/** JupyterLab's tracker of notebooks, or of consoles. */
export class FakePanels implements IPanels {
  currentWidget: FakePanel | null = null;
  readonly currentChanged = new Signal<this, FakePanel | null>(this);
  readonly widgetAdded = new Signal<this, FakePanel>(this);
  private readonly _panels: FakePanel[] = [];

  constructor(...panels: FakePanel[]) {
    this._panels = panels;
    this.currentWidget = panels[0] ?? null;
  }

  forEach(visit: (panel: FakePanel) => void): void {
    for (const panel of this._panels) {
      visit(panel);
    }
  }

  add(panel: FakePanel): void {
    this._panels.push(panel);
    this.widgetAdded.emit(panel);
  }

  focus(panel: FakePanel | null): void {
    this.currentWidget = panel;
    this.currentChanged.emit(panel);
  }
}

/** JupyterLab's shell. */
export class FakeShell implements IShell {
  currentWidget: unknown = null;
  readonly currentChanged = new Signal<this, void>(this);

  focus(widget: unknown): void {
    this.currentWidget = widget;
    this.currentChanged.emit();
  }
}
