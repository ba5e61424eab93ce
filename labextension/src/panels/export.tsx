import * as React from 'react';

import type { Options } from '../interfaces';
import type { Given, Model } from '../messages';
import { targetChoices } from './findings';
import { Button } from './parts/button';
import { type Choice, ListField, SelectField, TextField } from './parts/fields';
import { OptionFields } from './parts/option-fields';
import { Section } from './parts/section';
import { attempt, type View } from './view';

interface Props {
  readonly view: View;
  /** Gets the input of the directory. */
  readonly directoryRef: React.RefObject<HTMLInputElement>;
}

/** What to export, and where to. */
export function Export({ view, directoryRef }: Props): React.ReactElement {
  const { model, kernel, trans } = view;
  const { draft } = model;
  const picked = kernel.models.find(
    (one) => one.name === draft.model || one.names.includes(draft.model),
  );
  const setOption = (name: string, value: Given): void => {
    model.setDraft({ options: withOption(draft.options, name, value) });
  };
  return (
    <Section model={model} name="export" title={trans.__('Export')}>
      <SelectField
        label={trans.__('model')}
        value={draft.model}
        choices={modelChoices(view)}
        onChange={(name) => model.setDraft({ model: name })}
      />
      <ListField
        label={trans.__('signatures')}
        help={trans.__(
          'A function, KEY=FUNCTION or KEY=FUNCTION(x: float32[None, 3]). Left empty, sm_magics chooses.',
        )}
        values={listOf(draft.options.signatures)}
        suggestions={picked ? servable(picked) : []}
        nameOf={(number) => trans.__('signature %1', number)}
        onChange={(values) => setOption('signatures', values)}
      />
      <TextField
        label={trans.__('directory')}
        value={draft.directory}
        placeholder={trans.__('exports/model')}
        inputRef={directoryRef}
        onChange={(directory) => model.setDraft({ directory })}
        onEnter={() => start(view)}
      />
      <SelectField
        label={trans.__('target')}
        value={model.effectiveTarget}
        choices={targetChoices(view)}
        onChange={(target) => model.setTarget(target)}
      />
      <OptionFields view={view} options={draft.options} onChange={setOption} />
      <div className="sm-magics-Buttons">
        <Button
          looks="main"
          of={draft.model || trans.__('the chosen model')}
          onClick={() => start(view)}
        >
          {trans.__('Export')}
        </Button>
        <Button onClick={() => void openPanel(view)}>{trans.__('Open panel')}</Button>
      </div>
    </Section>
  );
}

/** The options with one changed; one that says nothing is left out. */
export function withOption(options: Options, name: string, value: Given): Options {
  const { [name]: _, ...others } = options;
  const isEmpty = typeof value === 'boolean' ? !value : value.length === 0;
  return isEmpty ? others : { ...others, [name]: value };
}

function listOf(value: Given | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

/** What can be typed as a function; a Keras model's forward pass is no tf.function of it. */
function servable({ framework, functions }: Model): readonly string[] {
  const hasForward = framework.startsWith('Keras') && !functions.includes('call');
  return hasForward ? [...functions, 'call'] : functions;
}

function modelChoices({ model, kernel, trans }: View): Choice[] {
  const choices = kernel.models.map((one) => ({ value: one.name, text: one.name }));
  const chosen = model.draft.model;
  if (!chosen) {
    return [{ value: '', text: trans.__('choose one') }, ...choices];
  }
  const isThere = choices.some((choice) => choice.value === chosen);
  return isThere
    ? choices
    : [{ value: chosen, text: trans.__('%1 (not in the notebook now)', chosen) }, ...choices];
}

function start(view: View): void {
  const { model, trans } = view;
  if (!model.draft.model) {
    view.say(trans.__('Choose the model to export.'));
  } else if (!model.draft.directory.trim()) {
    view.say(trans.__('Type the directory to export to, such as exports/model.'));
  } else {
    void model.exportDraft();
  }
}

/** The panel has what the sidebar has no control for; it begins with what is filled in here. */
function openPanel(view: View): Promise<void> {
  const { model, kernel, host, trans } = view;
  const { draft } = model;
  if (!draft.model) {
    view.say(trans.__('Choose the model to open the panel for.'));
    return Promise.resolve();
  }
  return attempt(view, async () => {
    const options = model.target ? { ...draft.options, target: model.target } : draft.options;
    await host.runCell(await kernel.write('panel', draft.model, draft.directory, options));
  });
}
