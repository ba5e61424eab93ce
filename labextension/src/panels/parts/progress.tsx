import * as React from 'react';

import type { Running } from '../../messages';
import { readable, seconds, size } from '../../words';
import type { View } from '../view';
import { Button } from './button';

/** How far an export is, what waits, and how to stop both. */
export function Progress({ view }: { view: View }): React.ReactElement | null {
  const { kernel, trans } = view;
  const jobs = kernel.jobs.filter((job) => job.what === 'export');
  if (!kernel.running && jobs.length === 0) {
    return null;
  }
  return (
    <div className="sm-magics-Progress" tabIndex={-1} data-sm-keep="">
      {kernel.running ? <Phases running={kernel.running} view={view} /> : null}
      {jobs
        .filter((job) => job.state === 'queued' || !kernel.running)
        .map((job) => (
          <p key={job.id}>
            <code>{job.subject}</code>:{' '}
            {job.state === 'queued'
              ? trans.__('Waiting for the cell that runs')
              : trans.__('starting…')}
          </p>
        ))}
      <Button onClick={() => void kernel.cancel()}>{trans.__('Cancel')}</Button>
    </div>
  );
}

function Phases({ running, view }: { running: Running; view: View }): React.ReactElement {
  const { trans } = view;
  const now = running.phases.indexOf(running.phase);
  const label = trans.__('Export of %1', running.subject);
  return (
    <>
      <p>
        <code>{running.subject}</code>{' '}
        <span className="sm-magics-Number">
          {seconds(running.seconds, trans)} · {size(running.bytes, trans)}
        </span>
      </p>
      <progress
        aria-label={label}
        aria-valuetext={readable(running.phase)}
        max={Math.max(running.phases.length, 1)}
        value={Math.max(now, 0)}
      />
      <ol className="sm-magics-Phases" aria-label={trans.__('Phases')}>
        {running.phases.map((phase, index) => (
          <li key={phase} aria-current={index === now ? 'step' : undefined}>
            <span aria-hidden="true">{index < now ? '✓' : index === now ? '▸' : '·'}</span>{' '}
            {readable(phase)}
            <span className="sm-magics-Hidden"> {standing(index, now, view)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function standing(index: number, now: number, { trans }: View): string {
  if (index === now) {
    return trans.__('(now)');
  }
  return index < now ? trans.__('(done)') : trans.__('(to come)');
}
