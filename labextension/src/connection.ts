import type { Connection } from './interfaces';
import type { Link } from './link';

/**
 * Return how far one is with a kernel.
 *
 * `hasPushed`: it has told something since it was greeted. After a reload of the page JupyterLab
 * doesn't know a kernel's status until it is idle; one that talks without answering is busy.
 */
export function connectionOf({ stage, isOnline, kernel }: Link, hasPushed: boolean): Connection {
  if (stage === 'dead' || stage === 'foreign' || stage === 'outdated') {
    return stage;
  }
  if (!isOnline || stage === 'asking') {
    return 'connecting';
  }
  const isBusy = kernel.status === 'busy';
  switch (stage) {
    case 'greeting':
      return isBusy || hasPushed ? 'busy' : 'connecting';
    case 'ready':
      return isBusy ? 'busy' : 'ready';
    case 'not-loaded':
      return stage;
  }
}
