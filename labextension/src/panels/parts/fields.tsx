import * as React from 'react';

import { useHeld } from './held';

interface Field {
  readonly label: string;
  readonly help?: string | undefined;
}

interface TextProps extends Field {
  readonly value: string;
  readonly placeholder?: string | undefined;
  readonly suggestions?: readonly string[];
  readonly onChange: (value: string) => void;
  readonly onEnter?: () => void;
  readonly inputRef?: React.RefObject<HTMLInputElement>;
}

/** What a control's help and its suggestions are called in the document. */
function useNames(help: string | undefined): { help: string; describedBy: string | undefined } {
  const id = React.useId();
  return { help: id, describedBy: help ? id : undefined };
}

function Help({ id, text }: { id: string; text: string | undefined }): React.ReactElement | null {
  return text ? (
    <span id={id} className="sm-magics-Field-help">
      {text}
    </span>
  ) : null;
}

/** A line of text. */
export function TextField(props: TextProps): React.ReactElement {
  const { label, help, value, placeholder, suggestions, onChange, onEnter, inputRef } = props;
  const [text, setText] = useHeld(value);
  const names = useNames(help);
  const list = React.useId();
  return (
    <div className="sm-magics-Field">
      <label>
        <span className="sm-magics-Field-label">{label}</span>
        <input
          ref={inputRef}
          type="text"
          spellCheck={false}
          autoComplete="off"
          value={text}
          placeholder={placeholder}
          list={suggestions?.length ? list : undefined}
          aria-describedby={names.describedBy}
          onChange={(event) => {
            setText(event.target.value);
            onChange(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
              onEnter?.();
            }
          }}
        />
      </label>
      {suggestions?.length ? (
        <datalist id={list}>
          {suggestions.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      ) : null}
      <Help id={names.help} text={help} />
    </div>
  );
}

/** A choice of a `SelectField`. */
export interface Choice {
  readonly value: string;
  readonly text: string;
}

interface SelectProps extends Field {
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}

/** One of some choices. */
export function SelectField(props: SelectProps): React.ReactElement {
  const { label, help, value, choices, onChange } = props;
  const [chosen, setChosen] = useHeld(value);
  const names = useNames(help);
  return (
    <div className="sm-magics-Field">
      <label>
        <span className="sm-magics-Field-label">{label}</span>
        <select
          value={chosen}
          aria-describedby={names.describedBy}
          onChange={(event) => {
            setChosen(event.target.value);
            onChange(event.target.value);
          }}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.text}
            </option>
          ))}
        </select>
      </label>
      <Help id={names.help} text={help} />
    </div>
  );
}

interface CheckProps extends Field {
  readonly isOn: boolean;
  readonly isFixed?: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** A thing that is so or not. */
export function CheckField(props: CheckProps): React.ReactElement {
  const { label, help, isOn, isFixed, onChange } = props;
  const [on, setOn] = useHeld(isOn);
  const names = useNames(help);
  return (
    <div className="sm-magics-Field">
      <label className="sm-magics-Field-check">
        <input
          type="checkbox"
          checked={on}
          aria-disabled={isFixed || undefined}
          aria-describedby={names.describedBy}
          onChange={(event) => {
            if (!isFixed) {
              setOn(event.target.checked);
              onChange(event.target.checked);
            }
          }}
        />
        <span>{label}</span>
      </label>
      <Help id={names.help} text={help} />
    </div>
  );
}

interface ListProps extends Field {
  readonly values: readonly string[];
  readonly placeholder?: string | undefined;
  readonly suggestions?: readonly string[];
  readonly nameOf: (number: number) => string;
  readonly onChange: (values: string[]) => void;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  const [one, other] = [filled(a), filled(b)];
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function filled(values: readonly string[]): string[] {
  return values.filter((value) => value.trim() !== '');
}

/** Lines of text: as many as are filled in, and one more. */
export function ListField(props: ListProps): React.ReactElement {
  const { label, help, values, placeholder, suggestions, nameOf, onChange } = props;
  // An emptied line stays where it is, or what is typed next would go to another one.
  const [lines, setLines] = useHeld<readonly string[]>(values, isSameList);
  const names = useNames(help);
  const shown = lines.at(-1)?.trim() === '' ? lines : [...lines, ''];
  return (
    <fieldset className="sm-magics-Field" aria-describedby={names.describedBy}>
      <legend className="sm-magics-Field-label">{label}</legend>
      {shown.map((line, index) => (
        <ListLine
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
          key={index}
          name={nameOf(index + 1)}
          value={line}
          placeholder={placeholder}
          suggestions={suggestions}
          onChange={(text) => {
            const next = shown.map((other, at) => (at === index ? text : other));
            setLines(next);
            onChange(filled(next));
          }}
        />
      ))}
      <Help id={names.help} text={help} />
    </fieldset>
  );
}

interface LineProps {
  readonly name: string;
  readonly value: string;
  readonly placeholder: string | undefined;
  readonly suggestions: readonly string[] | undefined;
  readonly onChange: (value: string) => void;
}

function ListLine({
  name,
  value,
  placeholder,
  suggestions,
  onChange,
}: LineProps): React.ReactElement {
  const list = React.useId();
  return (
    <>
      <input
        type="text"
        spellCheck={false}
        autoComplete="off"
        aria-label={name}
        value={value}
        placeholder={placeholder}
        list={suggestions?.length ? list : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {suggestions?.length ? (
        <datalist id={list}>
          {suggestions.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      ) : null}
    </>
  );
}
