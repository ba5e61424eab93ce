import type { File } from './messages';

/** A file or a folder of a directory. */
export interface Node {
  readonly name: string;
  /** Of a folder: of all that is in it. */
  readonly bytes: number;
  readonly role: string;
  /** Null for a file. */
  readonly children: readonly Node[] | null;
}

interface Folder {
  readonly files: Node[];
  readonly folders: Map<string, Folder>;
}

/** The files as folders with what is in them: folders first, both by name. */
export function treeOf(files: readonly File[]): readonly Node[] {
  const root: Folder = { files: [], folders: new Map() };
  for (const file of files) {
    const parts = file.path.split('/').filter(Boolean);
    const name = file.path.endsWith('/') ? undefined : parts.pop();
    let folder = root;
    for (const part of parts) {
      folder = inside(folder, part);
    }
    if (name !== undefined) {
      folder.files.push({ name, bytes: file.bytes, role: file.role, children: null });
    }
  }
  return nodesOf(root);
}

function inside(folder: Folder, name: string): Folder {
  const known = folder.folders.get(name);
  if (known) {
    return known;
  }
  const made: Folder = { files: [], folders: new Map() };
  folder.folders.set(name, made);
  return made;
}

function nodesOf(folder: Folder): readonly Node[] {
  const folders = [...folder.folders].map(([name, inner]): Node => {
    const children = nodesOf(inner);
    const bytes = children.reduce((sum, child) => sum + child.bytes, 0);
    return { name, bytes, role: '', children };
  });
  return [...folders.sort(byName), ...folder.files.sort(byName)];
}

function byName(a: Node, b: Node): number {
  return a.name.localeCompare(b.name);
}
