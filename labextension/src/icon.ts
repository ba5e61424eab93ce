import { LabIcon } from '@jupyterlab/ui-components';

/** A layered model that goes out of its box. */
export const savedModelIcon = new LabIcon({
  name: 'sm-magics:savedmodel',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 2 6.5 7.5l1.4 1.4L11 5.8V15h2V5.8l3.1 3.1 1.4-1.4zM3 11v9a2 2 0 0 0 2 2h14a2 2 0 0 0 2-2v-9h-4v2h2v7H5v-7h2v-2z"/>
</svg>`,
});
