import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'sm-magics:plugin',
  description: 'SavedModel exports of sm_magics.',
  autoStart: true,
  activate: () => {},
};

export default plugin;
