import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { savedModelIcon } from './icon';
import type { IHost, ISidebarModel } from './interfaces';
import { Sidebar } from './sidebar';

/** The sidebar in the shell. While nobody sees it, it renders nothing, and its model knows. */
export class SidebarWidget extends ReactWidget {
  constructor(
    private readonly model: ISidebarModel,
    private readonly host: IHost,
    private readonly trans: TranslationBundle,
  ) {
    super();
    this.id = 'sm-magics-sidebar';
    this.addClass('sm-magics-Sidebar');
    this.title.icon = savedModelIcon;
    this.title.caption = trans.__('SavedModel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('SavedModel'));
    model.changed.connect(this.update, this);
  }

  /** Take the focus, when it is shown. */
  enter(): void {
    this.wish.current = 'sidebar';
    this.update();
  }

  /** Show the export section with this model, the cursor in its directory. */
  startExport = (name: string): void => {
    this.wish.current = 'directory';
    this.model.setFolded('export', false);
    if (name) {
      this.model.setDraft({ model: name });
    }
    this.update();
  };

  /** A page that is left, or shown again from the browser's memory. */
  handleEvent(event: Event): void {
    this.model.setVisible(event.type === 'pageshow' && this.isVisible);
  }

  override dispose(): void {
    this.model.changed.disconnect(this.update, this);
    super.dispose();
  }

  protected override onUpdateRequest(message: Message): void {
    if (this.isVisible) {
      super.onUpdateRequest(message);
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.model.setVisible(this.isVisible);
    window.addEventListener('pagehide', this);
    window.addEventListener('pageshow', this);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.setVisible(true);
    this.update();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.model.setVisible(false);
  }

  protected override onBeforeDetach(message: Message): void {
    window.removeEventListener('pagehide', this);
    window.removeEventListener('pageshow', this);
    this.model.setVisible(false);
    super.onBeforeDetach(message);
  }

  protected override render(): React.ReactElement {
    return (
      <Sidebar
        model={this.model}
        host={this.host}
        trans={this.trans}
        wish={this.wish}
        startExport={this.startExport}
      />
    );
  }

  private readonly wish: { current: 'sidebar' | 'directory' | null } = { current: null };
}
