import * as React from 'react';

import { shortName } from '../../words';
import type { View } from '../view';
import { Button } from './button';
import { SelectField } from './fields';
import { Preformatted } from './preformatted';

interface Props {
  readonly view: View;
  /** The directories that are known, the oldest first. */
  readonly paths: readonly string[];
}

/** What differs between two of the directories. */
export function Comparison({ view, paths }: Props): React.ReactElement {
  const { comparison } = view.model;
  const card = React.useRef<HTMLDivElement>(null);
  const seen = React.useRef(comparison);
  React.useEffect(() => {
    if (comparison !== seen.current) {
      seen.current = comparison;
      card.current?.scrollIntoView({ block: 'nearest' });
    }
  });
  return (
    <div tabIndex={-1} data-sm-keep="">
      {paths.length > 1 ? <Choose view={view} paths={paths} /> : null}
      {comparison ? (
        <div ref={card} className="sm-magics-Card">
          <h4>{view.trans.__('Comparison')}</h4>
          <p className="sm-magics-Path">
            {view.trans.__('from')} <code>{comparison.first}</code>
          </p>
          <p className="sm-magics-Path">
            {view.trans.__('to')} <code>{comparison.second}</code>
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
  const newestBut = (other: string): string => paths.filter((path) => path !== other).at(-1) ?? '';
  const second = paths.includes(wish.second) ? wish.second : newestBut(wish.first);
  const first = paths.includes(wish.first) ? wish.first : newestBut(second);
  const choices = paths.map((path) => ({ value: path, text: labelOf(path, paths) }));
  return (
    <fieldset className="sm-magics-Field">
      <legend className="sm-magics-Field-label">{trans.__('Compare two')}</legend>
      <SelectField
        label={trans.__('from')}
        value={first}
        choices={choices}
        onChange={(path) => setWish({ first: path, second })}
      />
      <SelectField
        label={trans.__('to')}
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
