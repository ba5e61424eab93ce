import * as React from 'react';

import { shortName } from '../../words';
import type { View } from '../view';
import { Button } from './button';
import { SelectField } from './fields';
import { Preformatted } from './preformatted';

interface Props {
  readonly view: View;
  /** The directories that are known. */
  readonly paths: readonly string[];
}

/** What differs between two of the directories. */
export function Comparison({ view, paths }: Props): React.ReactElement {
  const { comparison } = view.model;
  return (
    <div tabIndex={-1} data-sm-keep="">
      {paths.length > 1 ? <Choose view={view} paths={paths} /> : null}
      {comparison ? (
        <div className="sm-magics-Card">
          <h4>{view.trans.__('Comparison')}</h4>
          <p className="sm-magics-Path">
            <code>{comparison.first}</code>
          </p>
          <p className="sm-magics-Path">
            <code>{comparison.second}</code>
          </p>
          {comparison.trouble ? <p className="sm-magics-Trouble">{comparison.trouble}</p> : null}
          {comparison.text ? (
            <Preformatted label={view.trans.__('What differs')} text={comparison.text} />
          ) : null}
          <Button of={view.trans.__('the comparison')} onClick={() => view.model.endComparison()}>
            {view.trans.__('Close')}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function Choose({ view, paths }: Props): React.ReactElement {
  const { model, trans } = view;
  const [wish, setWish] = React.useState({ first: '', second: '' });
  const first = paths.includes(wish.first) ? wish.first : (paths[0] ?? '');
  const second = paths.includes(wish.second)
    ? wish.second
    : (paths.find((path) => path !== first) ?? '');
  const choices = paths.map((path) => ({ value: path, text: labelOf(path, paths) }));
  return (
    <fieldset className="sm-magics-Field">
      <legend className="sm-magics-Field-label">{trans.__('Compare two')}</legend>
      <SelectField
        label={trans.__('this')}
        value={first}
        choices={choices}
        onChange={(path) => setWish({ first: path, second })}
      />
      <SelectField
        label={trans.__('with')}
        value={second}
        choices={choices}
        onChange={(path) => setWish({ first, second: path })}
      />
      <Button
        refusal={first === second ? trans.__('Choose two that are not the same.') : ''}
        onClick={() => void model.compare(first, second)}
      >
        {trans.__('Compare')}
      </Button>
    </fieldset>
  );
}

/** The short name, or the whole path where another one has the same. */
function labelOf(path: string, paths: readonly string[]): string {
  const name = shortName(path);
  return paths.some((other) => other !== path && shortName(other) === name) ? path : name;
}
