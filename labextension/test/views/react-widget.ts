import type { Message } from '@lumino/messaging';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type * as React from 'react';
import { createRoot, type Root } from 'react-dom/client';

/** JupyterLab's, in short: its package takes seconds to load. */
export abstract class ReactWidget extends Widget {
  protected abstract render(): React.ReactElement;

  protected override onUpdateRequest(_message: Message): void {
    this.root ??= createRoot(this.node);
    this.root.render(this.render());
  }

  protected override onAfterAttach(_message: Message): void {
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
  }

  protected override onBeforeDetach(_message: Message): void {
    this.root?.unmount();
    this.root = null;
  }

  private root: Root | null = null;
}
