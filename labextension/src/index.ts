import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, InputDialog, showErrorMessage } from '@jupyterlab/apputils';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { IConsoleTracker } from '@jupyterlab/console';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { cellIdsIn } from './cell-ids';
import { collectFindings } from './collect';
import { addCommands, CommandIDs } from './commands';
import { EditorFindings } from './editor';
import { FindingsStore } from './findings';
import { FolderPick } from './folder-pick';
import { Host } from './host';
import { magicExtension } from './magic';
import { SidebarModel } from './model';
import { keepState } from './persistence';
import { Settings } from './settings';
import { ISavedModelSidebar } from './tokens';
import { Tracker } from './tracker';
import { SidebarWidget } from './widget';

const ID = 'sm-magics:plugin';

const sidebar: JupyterFrontEndPlugin<ISavedModelSidebar> = {
  id: ID,
  description: 'The sidebar of sm_magics: models, findings and exports of the active notebook.',
  autoStart: true,
  provides: ISavedModelSidebar,
  requires: [INotebookTracker],
  optional: [IConsoleTracker, ILayoutRestorer, ISettingRegistry, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    consoles: IConsoleTracker | null,
    restorer: ILayoutRestorer | null,
    settingRegistry: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null,
  ): ISavedModelSidebar => {
    const trans = (translator ?? nullTranslator).load('sm_magics');
    const tracker = new Tracker(trans, notebooks, consoles, app.shell);
    const model = new SidebarModel(tracker, trans);
    const host = new Host(model, {
      commands: app.commands,
      notebooks,
      consoles,
      activate: (id) => app.shell.activateById(id),
      serverRoot: PageConfig.getOption('serverRoot'),
      refusal: trans.__('There is no notebook or console to run a cell in.'),
    });
    const settings = new Settings();
    const widget = new SidebarWidget(model, host, trans);
    app.shell.add(widget, 'right', { rank: 900, type: 'SavedModel' });
    restorer?.add(widget, widget.id);
    const followed = settingRegistry?.load(ID).then((loaded) => settings.follow(loaded, model));
    // What the sidebar was left at goes before what is set, so it comes after it.
    void Promise.allSettled([followed]).then(() => keepState(model, state, app.restored));
    const show = (): void => app.shell.activateById(widget.id);
    return {
      model,
      host,
      settings,
      tracker,
      show,
      enter: () => {
        show();
        widget.enter();
      },
      startExport: (name) => {
        show();
        widget.startExport(name);
      },
    };
  },
};

const commands: JupyterFrontEndPlugin<void> = {
  id: 'sm-magics:commands',
  description: 'The commands of sm_magics, for its menu, its shortcuts and the palette.',
  autoStart: true,
  requires: [ISavedModelSidebar, INotebookTracker],
  optional: [ICommandPalette, IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    { model, host, show, enter, startExport }: ISavedModelSidebar,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load('sm_magics');
    const folders = browser && new FolderPick(browser, app.contextMenu.menu, model);
    addCommands(app.commands, {
      model,
      host,
      trans,
      show,
      enter,
      startExport,
      activeCellId: () =>
        notebooks.currentWidget?.id === model.place?.widgetId
          ? (notebooks.activeCell?.model.id ?? null)
          : null,
      askDirectory: async () => {
        const title = trans.__('Open a SavedModel directory');
        const label = trans.__('Directory, as the kernel finds it');
        return (await InputDialog.getText({ title, label })).value;
      },
      complain: (text) => void showErrorMessage(trans.__('SavedModel'), text),
      selectedFolder: () => folders?.get() ?? null,
    });
    const { inspectFolder: _, ...listed } = CommandIDs;
    for (const command of Object.values(listed)) {
      palette?.addItem({ command, category: trans.__('SavedModel') });
    }
  },
};

const editor: JupyterFrontEndPlugin<void> = {
  id: 'sm-magics:editor',
  description: 'Shows findings in the lines of the cells that they are about.',
  autoStart: true,
  requires: [ISavedModelSidebar, IEditorExtensionRegistry, INotebookTracker],
  optional: [ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    { settings, tracker }: ISavedModelSidebar,
    editors: IEditorExtensionRegistry,
    notebooks: INotebookTracker,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load('sm_magics');
    const findings = new FindingsStore(settings.editorSeverity);
    editors.addExtension(new EditorFindings(findings, trans).extension);
    editors.addExtension(magicExtension);
    collectFindings(findings, tracker, settings, cellIdsIn(notebooks));
  },
};

export default [sidebar, commands, editor];
