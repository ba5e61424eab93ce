import * as React from 'react';

import type { Job } from '../../interfaces';
import type { Running } from '../../messages';
import { readable, seconds, size } from '../../words';
import type { View } from '../view';
import { Button } from './button';

/** So many of those that wait are named: the sections need the room. */
const NAMED = 2;

/** How far a check or an export is, what waits, and how to stop all of it. */
export function Progress({ view }: { view: View }): React.ReactElement | null {
  const { kernel, trans } = view;
  const { running } = kernel;
  // An export of which the kernel tells has a line of its own.
  const told = kernel.jobs
    .map((job, index) => ({ job, text: lineOf(job, index === 0 && running === null, view) }))
    .filter(({ job }) => job.state === 'queued' || job.what === 'check' || running === null);
  if (!running && told.length === 0) {
    return null;
  }
  return (
    <div className="sm-magics-Progress" tabIndex={-1} data-sm-keep="">
      <div className="sm-magics-Progress-text">
        {running ? <Phases running={running} view={view} /> : null}
        {told.slice(0, NAMED).map(({ job, text }) => (
          <p key={job.id}>
            <code>{job.subject}</code>: {text}
          </p>
        ))}
        {told.length > NAMED ? (
          <p>{trans._n('… and %1 more', '… and %1 more', told.length - NAMED)}</p>
        ) : null}
      </div>
      <Button onClick={() => void kernel.cancel()}>{trans.__('Cancel')}</Button>
    </div>
  );
}

function lineOf(job: Job, isFirst: boolean, { trans }: View): string {
  if (job.state === 'running') {
    return job.what === 'check' ? trans.__('checking…') : trans.__('starting…');
  }
  return isFirst ? trans.__('Waiting for the cell that runs') : trans.__('Waiting for its turn');
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
