import { PageConfig } from '@jupyterlab/coreutils';
import type { FileBrowser } from '@jupyterlab/filebrowser';
import type { Menu } from '@lumino/widgets';

import { Folders } from './folders';
import type { ISidebarModel } from './interfaces';
import { kernelPath } from './paths';

/** Drives whose files lie under the server's root: its own, and the one for editing together. */
const LOCAL = new Set(['', 'RTC']);

/** The folder that is selected in the file browser, and whether it holds a SavedModel. */
export class FolderPick {
  constructor(
    private readonly browser: FileBrowser,
    menu: Menu,
    private readonly model: ISidebarModel,
  ) {
    this.folders = new Folders(browser.model.manager.services.contents);
    this.folders.changed.connect(() => menu.update());
    menu.aboutToClose.connect(() => this.folders.forgetAsked());
  }

  /** Null where there is no such folder, or more than one thing is selected. */
  get(): { kernelPath: string; holdsSavedModel: boolean } | null {
    const { contents } = this.browser.model.manager.services;
    const [item, ...others] = Array.from(this.browser.selectedItems());
    if (item?.type !== 'directory' || others.length > 0) {
      return null;
    }
    if (!LOCAL.has(contents.driveName(item.path))) {
      return null;
    }
    const home = this.model.kernel?.welcome?.home ?? '';
    const root = PageConfig.getOption('serverRoot');
    return {
      kernelPath: kernelPath(contents.localPath(item.path), root, home),
      holdsSavedModel: this.folders.holds(item.path),
    };
  }

  private readonly folders: Folders;
}
