import { Token } from '@lumino/coreutils';

import type { IHost, ISidebarModel } from './interfaces';
import type { Settings } from './settings';
import type { Tracker } from './tracker';

/** The sidebar and what belongs to it, for the other plugins. */
export interface ISavedModelSidebar {
  readonly model: ISidebarModel;
  readonly host: IHost;
  readonly settings: Settings;
  readonly tracker: Tracker;
  /** Bring the sidebar to the front. */
  show(): void;
  /** Bring it to the front, and the focus into it. */
  enter(): void;
  /** Show the export section, the cursor in its directory. */
  startExport(model: string): void;
}

/** The token of the sidebar. */
export const ISavedModelSidebar = new Token<ISavedModelSidebar>(
  'sm-magics:ISavedModelSidebar',
  'What is known of the models of the active notebook, and the sidebar that shows it.',
);
