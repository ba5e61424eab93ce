"""A flat list of files -> the tree that a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sm_magics.savedmodel.inspection import File


class Node:
    """A file, or a folder with what is in it.

    Attributes
    ----------
    name : str
        Its last path component; a folder's ends with a slash.
    bytes : int
        Its size; a folder's is the sum of its files'.
    role : str
        What a file is; empty for folders that have files.
    children : dict of str to Node
        What is in a folder, by name.
    """

    __slots__ = ("bytes", "children", "name", "role")

    def __init__(self, name: str) -> None:
        self.name = name
        self.bytes = 0
        self.role = ""
        self.children: dict[str, Node] = {}

    @property
    def entries(self) -> list[Node]:
        """Its files and folders, sorted by name."""
        return [self.children[name] for name in sorted(self.children)]

    def walk(self) -> Iterator[Node]:
        """Yield it and what is below it, in the order in which a tree is drawn."""
        yield self
        for child in self.entries:
            yield from child.walk()


def grow(root: str, files: Iterable[File]) -> Node:
    """Return the tree of `files` (relative POSIX paths; an empty folder's ends with a slash)."""
    top = Node(f"{root.rstrip('/')}/")
    for file in files:
        *folders, name = file.path.rstrip("/").split("/")
        node = top
        node.bytes += file.bytes
        for folder in folders:
            node = node.children.setdefault(folder, Node(f"{folder}/"))
            node.bytes += file.bytes
        label = f"{name}/" if file.path.endswith("/") else name
        leaf = node.children.setdefault(name, Node(label))
        leaf.role, leaf.bytes = file.role, leaf.bytes + file.bytes
    return top
