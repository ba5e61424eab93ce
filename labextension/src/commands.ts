import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { savedModelIcon } from './icon';
import type { IHost, ISidebarModel } from './interfaces';

/** The ids of the commands. */
export const CommandIDs = {
  show: 'sm-magics:show',
  check: 'sm-magics:check',
  export: 'sm-magics:export',
  openPanel: 'sm-magics:open-panel',
  openDirectory: 'sm-magics:open-directory',
  inspectFolder: 'sm-magics:inspect-folder',
} as const;

/** What the commands work with. */
export interface Context {
  readonly model: ISidebarModel;
  readonly host: IHost;
  readonly trans: TranslationBundle;
  /** Bring the sidebar to the front. */
  show(): void;
  /** Bring it to the front, and the focus into it. */
  enter(): void;
  /** Show the export section, the cursor in its directory. */
  startExport(model: string): void;
  /** The id of the cell that is active in the notebook that is followed. */
  activeCellId(): string | null;
  /** Ask the person for a directory; null if they don't want. */
  askDirectory(): Promise<string | null>;
  /** Tell the person what went wrong. */
  complain(text: string): void;
  /** The path, for the kernel, of the folder that is selected in the file browser. */
  selectedFolder(): { kernelPath: string; holdsSavedModel: boolean } | null;
}

/** Add the commands, and keep them greyed out while no kernel answers. */
export function addCommands(commands: CommandRegistry, context: Context): void {
  const { model, trans } = context;
  const isEnabled = (): boolean => isConnected(model);
  const add = (id: string, label: string, caption: string, how: How): void => {
    commands.addCommand(id, {
      label,
      caption,
      icon: savedModelIcon,
      isEnabled,
      ...how,
      describedBy: { args: how.args ?? { type: 'object', properties: {} } },
    });
  };

  add(CommandIDs.show, trans.__('Show Sidebar'), trans.__('Show the SavedModel sidebar'), {
    isEnabled: () => true,
    execute: () => context.enter(),
  });
  add(
    CommandIDs.check,
    trans.__('Check Model'),
    trans.__('Check the model of the active cell, or the one that is picked in the sidebar'),
    { args: MODEL, execute: (args) => check(context, text(args.model)) },
  );
  add(CommandIDs.export, trans.__('Export…'), trans.__('Fill in an export in the sidebar'), {
    args: MODEL,
    execute: (args) => context.startExport(pickModel(context, text(args.model))),
  });
  add(
    CommandIDs.openPanel,
    trans.__('Open Panel'),
    trans.__('Insert a cell with the panel of a model, and run it'),
    { args: MODEL, execute: (args) => openPanel(context, text(args.model)) },
  );
  add(
    CommandIDs.openDirectory,
    trans.__('Open Directory…'),
    trans.__('Show what is in a SavedModel directory'),
    { args: PATH, execute: (args) => openDirectory(context, text(args.path)) },
  );
  add(
    CommandIDs.inspectFolder,
    trans.__('Inspect SavedModel'),
    trans.__('Show what is in this SavedModel directory'),
    {
      isVisible: () => context.selectedFolder()?.holdsSavedModel ?? false,
      execute: async () => {
        const folder = context.selectedFolder();
        if (folder) {
          await openDirectory(context, folder.kernelPath);
        }
      },
    },
  );
  let wasConnected = isConnected(model);
  model.changed.connect(() => {
    if (isConnected(model) !== wasConnected) {
      wasConnected = !wasConnected;
      for (const id of Object.values(CommandIDs)) {
        commands.notifyCommandChanged(id);
      }
    }
  });
}

interface How {
  readonly args?: ReadonlyJSONObject;
  readonly isEnabled?: () => boolean;
  readonly isVisible?: () => boolean;
  readonly execute: (args: ReadonlyPartialJSONObject) => void | Promise<void>;
}

const MODEL = {
  type: 'object',
  properties: { model: { type: 'string', description: 'The name of a model of the notebook' } },
};
const PATH = {
  type: 'object',
  properties: { path: { type: 'string', description: 'A directory, as the kernel finds it' } },
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isConnected({ kernel }: ISidebarModel): boolean {
  return kernel?.connection === 'ready' || kernel?.connection === 'busy';
}

/** The model that is meant: the named one, the active cell's, the picked one, the only one. */
function pickModel({ model, activeCellId }: Context, named: string): string {
  if (named) {
    return named;
  }
  const models = model.kernel?.models ?? [];
  const cell = activeCellId();
  const inCell = cell === null ? [] : models.filter((one) => one.cell_id === cell);
  const picked = models.find((one) => one.name === model.draft.model);
  const only = models.length === 1 ? models[0] : undefined;
  return (inCell.at(-1) ?? picked ?? only)?.name ?? '';
}

async function check(context: Context, named: string): Promise<void> {
  const { model, trans } = context;
  const name = pickModel(context, named);
  context.show();
  model.setFolded('findings', false);
  if (name) {
    await model.check(name);
  } else {
    context.complain(trans.__('Which model? Go to a cell that makes one, or press Check at it.'));
  }
}

async function openPanel(context: Context, named: string): Promise<void> {
  const { model, host, trans } = context;
  const name = pickModel(context, named);
  try {
    const line = await model.kernel?.write('panel', name, '', {});
    if (line) {
      await host.runCell(line);
    }
  } catch (error) {
    context.complain(error instanceof Error ? error.message : trans.__('That did not work.'));
  }
}

async function openDirectory(context: Context, given: string): Promise<void> {
  const path = given || (await context.askDirectory());
  if (path) {
    context.show();
    context.model.setFolded('exports', false);
    await context.model.open(path);
  }
}
