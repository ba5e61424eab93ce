import * as React from 'react';

import type { Opened } from '../../interfaces';
import type { Directory, Signature } from '../../messages';
import { shortName, size } from '../../words';
import { attempt, type View } from '../view';
import { Button } from './button';
import { Files } from './files';

interface Props {
  readonly view: View;
  readonly directory: Directory;
  /** Only where it can be closed. */
  readonly onClose?: () => void;
}

/** A SavedModel directory: what is in it, and what one can do with it. */
export function DirectoryCard({ view, directory, onClose }: Props): React.ReactElement {
  const { trans } = view;
  const { path, subject } = directory;
  return (
    <li className="sm-magics-Card" tabIndex={-1} data-sm-keep="">
      <Title path={path} view={view} />
      <p className="sm-magics-Quiet">
        {size(directory.bytes, trans)}
        {subject ? <> · {trans.__('export of %1', subject)}</> : null}
        {directory.tags.length > 0 ? (
          <> · {trans.__('tags %1', directory.tags.join(', '))}</>
        ) : null}
      </p>
      <Signatures signatures={directory.signatures} view={view} />
      <Versions versions={directory.versions} view={view} />
      <Files directory={directory} view={view} />
      <Actions view={view} directory={directory} onClose={onClose} />
    </li>
  );
}

/** A directory that could not be read, or not yet. */
export function UnreadCard({ view, opened }: { view: View; opened: Opened }): React.ReactElement {
  const { model, trans } = view;
  const { path, trouble } = opened;
  return (
    <li className="sm-magics-Card" tabIndex={-1} data-sm-keep="">
      <Title path={path} view={null} />
      <p className={trouble ? 'sm-magics-Trouble' : 'sm-magics-Quiet'}>
        {trouble || trans.__('not read yet')}
      </p>
      <div className="sm-magics-Buttons">
        <Button of={path} onClick={() => void model.open(path)}>
          {trans.__('Read again')}
        </Button>
        <Button of={path} onClick={() => model.close(path)}>
          {trans.__('Close')}
        </Button>
      </div>
    </li>
  );
}

/** The name; with a view, a click on it shows the directory in the file browser, if that can. */
function Title({ path, view }: { path: string; view: View | null }): React.ReactElement {
  const name = <code>{shortName(path)}</code>;
  return (
    <>
      <h4>
        {view?.host.canBrowse(path) ? (
          <Button looks="link" onClick={() => void attempt(view, () => view.host.browse(path))}>
            {name}
          </Button>
        ) : (
          name
        )}
      </h4>
      <p className="sm-magics-Path sm-magics-Quiet">
        <code>{path}</code>
      </p>
    </>
  );
}

interface ActionsProps {
  readonly view: View;
  readonly directory: Directory;
  readonly onClose: (() => void) | undefined;
}

function Actions({ view, directory, onClose }: ActionsProps): React.ReactElement {
  const { host, trans } = view;
  const { path } = directory;
  const copy = (text: string, told: string): void =>
    void attempt(view, async () => {
      await host.copy(text);
      view.say(told);
    });
  return (
    <div className="sm-magics-Buttons">
      {host.canBrowse(path) ? (
        <Button of={path} onClick={() => void attempt(view, () => host.browse(path))}>
          {trans.__('Open in file browser')}
        </Button>
      ) : null}
      <Button of={path} onClick={() => copy(path, trans.__('The path is on the clipboard.'))}>
        {trans.__('Copy path')}
      </Button>
      <Button
        of={path}
        onClick={() =>
          copy(directory.snippet, trans.__('The code that loads it is on the clipboard.'))
        }
      >
        {trans.__('Copy load snippet')}
      </Button>
      {onClose ? (
        <Button of={path} onClick={onClose}>
          {trans.__('Close')}
        </Button>
      ) : null}
    </div>
  );
}

function Signatures(props: { signatures: readonly Signature[]; view: View }): React.ReactElement {
  const { signatures, view } = props;
  const { trans } = view;
  if (signatures.length === 0) {
    return <p>{trans.__('no signatures: nothing can be served')}</p>;
  }
  return (
    <details>
      <summary>{trans._n('%1 signature', '%1 signatures', signatures.length)}</summary>
      <dl className="sm-magics-Specs">
        {signatures.map((one) => (
          <React.Fragment key={one.key}>
            <dt>
              <code>{one.key}</code>
              {one.function && one.function !== one.key ? (
                <span className="sm-magics-Quiet">
                  {' '}
                  = <code>{one.function}</code>
                </span>
              ) : null}
            </dt>
            <Specs title={trans.__('inputs')} specs={one.inputs} />
            <Specs title={trans.__('outputs')} specs={one.outputs} />
          </React.Fragment>
        ))}
      </dl>
    </details>
  );
}

function Specs({ title, specs }: { title: string; specs: readonly string[] }): React.ReactElement {
  return (
    <dd>
      <span className="sm-magics-Quiet">{title}</span> <code>{specs.join('\n')}</code>
    </dd>
  );
}

function Versions(props: {
  versions: Readonly<Record<string, string>>;
  view: View;
}): React.ReactElement | null {
  const rows = Object.entries(props.versions);
  if (rows.length === 0) {
    return null;
  }
  return (
    <details>
      <summary>{props.view.trans.__('Versions')}</summary>
      <dl className="sm-magics-Specs">
        {rows.map(([name, version]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{version}</code>
            </dd>
          </React.Fragment>
        ))}
      </dl>
    </details>
  );
}
