import * as React from 'react';

/** Text of many lines as it is; the keyboard can scroll it. */
export function Preformatted({ label, text }: { label: string; text: string }): React.ReactElement {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable
    <section className="sm-magics-Pre" aria-label={label} tabIndex={0}>
      <pre>{text}</pre>
    </section>
  );
}
