import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Connection, IKernelModel, Place } from '../interfaces';
import { Button } from './parts/button';

interface Props {
  readonly place: Place | null;
  readonly kernel: IKernelModel | null;
  readonly trans: TranslationBundle;
}

/** What is followed, with which kernel, and how far one is with it. */
export function Header({ place, kernel, trans }: Props): React.ReactElement {
  const connection = kernel?.connection ?? 'absent';
  const { word, advice } = said(connection, place !== null, trans);
  return (
    <div className="sm-magics-Header" tabIndex={-1} data-sm-keep="">
      <h2>{place ? place.name : trans.__('SavedModel')}</h2>
      <p className="sm-magics-Quiet">
        {place?.kernelName ? <span>{place.kernelName} · </span> : null}
        <span className={`sm-magics-State sm-magics-mod-${connection}`}>{word}</span>
      </p>
      {advice ? <p>{advice}</p> : null}
      {kernel?.connection === 'not-loaded' ? (
        <p>
          <Button looks="main" onClick={() => void kernel.load()}>
            {trans.__('Load')}
          </Button>
        </p>
      ) : null}
      {kernel?.trouble ? <p className="sm-magics-Trouble">{kernel.trouble}</p> : null}
    </div>
  );
}

function said(
  connection: Connection,
  hasPlace: boolean,
  trans: TranslationBundle,
): { word: string; advice: string } {
  switch (connection) {
    case 'absent':
      return {
        word: trans.__('no kernel'),
        advice: hasPlace
          ? trans.__('Start a Python kernel to see its models here.')
          : trans.__('Open a notebook or a console to see its models here.'),
      };
    case 'foreign':
      return {
        word: trans.__('not a Python kernel'),
        advice: trans.__('sm_magics works with Python kernels only.'),
      };
    case 'not-loaded':
      return {
        word: trans.__('not loaded'),
        advice: trans.__('Load runs %load_ext sm_magics in this kernel.'),
      };
    case 'connecting':
      return { word: trans.__('connecting…'), advice: '' };
    case 'ready':
      return { word: trans.__('ready'), advice: '' };
    case 'busy':
      return { word: trans.__('busy'), advice: '' };
    case 'outdated':
      return {
        word: trans.__('another version'),
        advice: trans.__(
          'The sm_magics of this kernel and this sidebar are of different versions: update both, then restart the kernel and reload this page.',
        ),
      };
    case 'dead':
      return {
        word: trans.__('no answer'),
        advice: trans.__('The kernel has ended, or is restarting.'),
      };
  }
}
