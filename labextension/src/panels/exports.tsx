import * as React from 'react';
import { Button } from './parts/button';
import { Comparison } from './parts/comparison';
import { DirectoryCard, UnreadCard } from './parts/directory';
import { TextField } from './parts/fields';
import { Section } from './parts/section';
import type { View } from './view';

/** The session's exports, and the directories that the person has opened. */
export function Exports(view: View): React.ReactElement {
  const { model, kernel, trans } = view;
  const ours = new Set(kernel.exports.map((one) => one.path));
  const opened = model.opened.filter((one) => !ours.has(one.directory?.path ?? one.path));
  const paths = [
    ...opened.flatMap((one) => (one.directory ? [one.directory.path] : [])),
    ...[...ours].reverse(), // the kernel tells the newest first
  ];
  const count = ours.size + opened.filter((one) => !one.trouble).length;
  return (
    <Section model={model} name="exports" title={trans.__('Exports')} digest={String(count)}>
      <OpenDirectory view={view} />
      {ours.size + opened.length === 0 ? (
        <p>{trans.__('Nothing has been exported or opened yet.')}</p>
      ) : null}
      <ul className="sm-magics-List">
        {kernel.exports.map((one) => (
          <DirectoryCard key={one.path} view={view} directory={one} />
        ))}
        {opened.map((one) =>
          one.directory ? (
            <DirectoryCard
              key={one.path}
              view={view}
              directory={one.directory}
              onClose={() => model.close(one.path)}
            />
          ) : (
            <UnreadCard key={one.path} view={view} opened={one} />
          ),
        )}
      </ul>
      <Comparison view={view} paths={paths} />
    </Section>
  );
}

function OpenDirectory({ view }: { view: View }): React.ReactElement {
  const { model, trans } = view;
  const [path, setPath] = React.useState('');
  const open = (): void => {
    if (path.trim()) {
      void model.open(path.trim());
      setPath('');
    } else {
      view.say(trans.__('Type the directory to open, such as exports/model.'));
    }
  };
  return (
    <div className="sm-magics-Row">
      <TextField
        label={trans.__('open a directory')}
        value={path}
        placeholder={trans.__('exports/model')}
        onChange={setPath}
        onEnter={open}
      />
      <Button onClick={open}>{trans.__('Open')}</Button>
    </div>
  );
}
