import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IHost, ISidebarModel, Outcome } from './interfaces';
import { Export } from './panels/export';
import { Exports } from './panels/exports';
import { Findings } from './panels/findings';
import { Header } from './panels/header';
import { Models } from './panels/models';
import { FocusKeeper } from './panels/parts/focus-keeper';
import { Progress } from './panels/parts/progress';
import { Status } from './panels/status';
import type { View } from './panels/view';

interface Props {
  readonly model: ISidebarModel;
  readonly host: IHost;
  readonly trans: TranslationBundle;
  /** Where the focus is wanted; null once it is there. */
  readonly wish: { current: 'sidebar' | 'directory' | null };
  readonly startExport: (model: string) => void;
}

/** The whole of the sidebar. */
export function Sidebar({ model, host, trans, wish, startExport }: Props): React.ReactElement {
  const { kernel, place } = model;
  const outcome = kernel?.outcome ?? null;
  const [notice, say] = useNotice(outcome);
  const keeper = React.useRef<FocusKeeper>(null);
  const directory = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (wish.current === 'sidebar') {
      wish.current = null;
      keeper.current?.enter();
    } else if (wish.current === 'directory' && directory.current) {
      wish.current = null;
      directory.current.focus();
    }
  });
  const view: View | null =
    kernel && isUsable(model) ? { model, kernel, host, trans, say, startExport } : null;
  return (
    <FocusKeeper ref={keeper}>
      <Header place={place} kernel={kernel} trans={trans} />
      <div className="sm-magics-Now" tabIndex={-1} data-sm-keep="">
        {view ? <Progress view={view} /> : null}
        <Status outcome={outcome} notice={notice} trans={trans} />
      </div>
      {view ? (
        // Another kernel is another sidebar: what is half typed or unfolded is not of it.
        <div className="sm-magics-Sections" key={view.kernel.id}>
          <Models {...view} />
          <Findings {...view} />
          <Export view={view} directoryRef={directory} />
          <Exports {...view} />
        </div>
      ) : null}
    </FocusKeeper>
  );
}

/** Whether the kernel answers, now or when it has finished what it is at. */
export function isUsable({ kernel }: ISidebarModel): boolean {
  return kernel?.connection === 'ready' || kernel?.connection === 'busy';
}

/** What was said last, until a check or an export ends. */
function useNotice(outcome: Outcome | null): [string, (text: string) => void] {
  const [said, setSaid] = React.useState<{ text: string; outcome: Outcome | null } | null>(null);
  const say = (text: string): void => setSaid({ text, outcome });
  return [said && said.outcome === outcome ? said.text : '', say];
}
