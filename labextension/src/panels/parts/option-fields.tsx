import * as React from 'react';

import type { Options } from '../../interfaces';
import type { Given, Option } from '../../messages';
import { readable } from '../../words';
import type { View } from '../view';
import { CheckField, ListField, SelectField, TextField } from './fields';

/** These have controls of their own. */
const ELSEWHERE = new Set(['signatures', 'target']);
/** Whoever exports for the second time needs one of these: they are always in sight. */
const IN_SIGHT = new Set(['overwrite', 'next_version']);

interface Props {
  readonly view: View;
  readonly options: Options;
  readonly onChange: (name: string, value: Given) => void;
}

/** The options that the kernel names, each with the control that fits its kind. */
export function OptionFields({ view, options, onChange }: Props): React.ReactElement | null {
  const shown = (view.kernel.welcome?.options ?? []).filter((one) => !ELSEWHERE.has(one.name));
  const folded = shown.filter((one) => !IN_SIGHT.has(one.name));
  const given = folded.filter((one) => one.name in options).length;
  const field = (option: Option): React.ReactElement => (
    <OptionField
      key={option.name}
      view={view}
      option={option}
      value={options[option.name]}
      onChange={(value) => onChange(option.name, value)}
    />
  );
  if (shown.length === 0) {
    return null;
  }
  return (
    <>
      {shown.filter((one) => IN_SIGHT.has(one.name)).map(field)}
      <details className="sm-magics-Options">
        <summary>
          {view.trans.__('Options')}
          {given > 0 ? (
            <span className="sm-magics-Quiet"> {view.trans.__('%1 set', given)}</span>
          ) : null}
        </summary>
        {folded.map(field)}
      </details>
    </>
  );
}

interface FieldProps {
  readonly view: View;
  readonly option: Option;
  readonly value: Given | undefined;
  readonly onChange: (value: Given) => void;
}

function OptionField({ view, option, value, onChange }: FieldProps): React.ReactElement | null {
  const { trans } = view;
  const shared = { label: readable(option.name), help: option.help };
  const preset = view.kernel.welcome?.defaults[option.name];
  switch (option.kind) {
    case 'flag':
    case 'off': {
      // What the notebook turns on, a request can't turn off.
      const isFixed = preset === true;
      return (
        <CheckField
          {...shared}
          label={option.kind === 'off' ? trans.__('no %1', shared.label) : shared.label}
          help={isFixed ? trans.__('%1; the notebook says so', option.help) : option.help}
          isOn={isFixed || value === true}
          isFixed={isFixed}
          onChange={onChange}
        />
      );
    }
    case 'choice': {
      const text =
        preset === undefined
          ? trans.__('as usual')
          : trans.__('as the notebook says (%1)', String(preset));
      const choices = option.choices.map((choice) => ({ value: choice, text: choice }));
      return (
        <SelectField
          {...shared}
          value={textOf(value)}
          choices={[{ value: '', text }, ...choices]}
          onChange={onChange}
        />
      );
    }
    case 'text':
    case 'size':
      return (
        <TextField
          {...shared}
          value={textOf(value)}
          placeholder={option.metavar}
          onChange={onChange}
        />
      );
    case 'list':
      return (
        <ListField
          {...shared}
          values={Array.isArray(value) ? value : []}
          placeholder={option.metavar}
          suggestions={option.choices}
          nameOf={(number) => `${shared.label} ${number}`}
          onChange={onChange}
        />
      );
    default:
      return null; // a kind that only the panel has a control for
  }
}

function textOf(value: Given | undefined): string {
  return typeof value === 'string' ? value : '';
}
