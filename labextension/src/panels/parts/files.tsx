import * as React from 'react';

import type { Directory } from '../../messages';
import { type Node, treeOf } from '../../tree';
import { size } from '../../words';
import type { View } from '../view';

interface Props {
  readonly view: View;
  readonly directory: Directory;
}

/** The files of a directory, as folders that fold. */
export function Files({ view, directory }: Props): React.ReactElement {
  const { trans } = view;
  const count = directory.files.filter((file) => !file.path.endsWith('/')).length;
  return (
    <details>
      <summary>{trans._n('%1 file', '%1 files', count + directory.more_files)}</summary>
      <Nodes nodes={treeOf(directory.files)} view={view} />
      {directory.more_files > 0 ? (
        <p>{trans._n('… and %1 more', '… and %1 more', directory.more_files)}</p>
      ) : null}
    </details>
  );
}

function Nodes({ nodes, view }: { nodes: readonly Node[]; view: View }): React.ReactElement {
  return (
    <ul className="sm-magics-Tree">
      {nodes.map((node) => (
        <li key={`${node.name}${node.children ? '/' : ''}`}>
          {node.children && node.children.length > 0 ? (
            <details open={true}>
              <summary>
                <Line node={node} view={view} />
              </summary>
              <Nodes nodes={node.children} view={view} />
            </details>
          ) : (
            <Line node={node} view={view} />
          )}
        </li>
      ))}
    </ul>
  );
}

function Line({ node, view }: { node: Node; view: View }): React.ReactElement {
  const { trans } = view;
  const isEmpty = node.children?.length === 0;
  return (
    <span className="sm-magics-Tree-line">
      <code>{node.children ? `${node.name}/` : node.name}</code>{' '}
      <span className="sm-magics-Number">
        {isEmpty ? trans.__('empty') : size(node.bytes, trans)}
      </span>
      {node.role ? <span className="sm-magics-Quiet"> {node.role}</span> : null}
    </span>
  );
}
