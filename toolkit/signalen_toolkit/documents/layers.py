"""Files laid over each other: one set of data, of which each value still has the file and the line that it is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signalen_toolkit.documents.data import merge
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document


@dataclass(frozen=True)
class LayeredDocument(Document):
    """The first of some files, with the others below it: `data` is all of them, `text` its own. The first one counts.

    Maps are merged; anything else that a layer has hides what is below it.
    """

    layers: tuple[Document, ...] = ()

    def holder(self, path: Sequence[str | int]) -> Document:
        """Return the layer in which a value stands; of what stands in none, the one that has the most of the way."""
        best, depth = self.layers[0], 0
        for layer, found in self._reached(path):
            if found == len(path):
                return layer
            if found > depth:
                best, depth = layer, found
        return best

    def node(self, path: Sequence[str | int]) -> Node | None:
        """Return what stands at a path in the first layer that has it, or None."""
        holder = self.holder(path)
        return Document.node(holder, path)

    def _reached(self, path: Sequence[str | int]) -> Iterator[tuple[Document, int]]:
        """Yield each layer that is not hidden along a path, with how many steps of it there are in it."""
        for layer in self.layers:
            node, steps = layer.root, 0
            for part in path:
                child = node.children.get(part) if node else None
                if child is None:
                    break
                node, steps = child, steps + 1
            yield layer, steps
            if node is not None and not isinstance(node.data, dict):
                return  # a value that is no map hides what layers below it have further on


def layers_of(document: Document) -> tuple[Document, ...]:
    """Return the files that a document is laid together from, the one that counts most first."""
    return document.layers if isinstance(document, LayeredDocument) else (document,)


def layered(layers: Sequence[Document]) -> Document:
    """Lay files over each other, the one that counts most first.

    What is wrong with any of them is a problem of the whole. Where the first cannot be read, the whole is that alone.
    """
    first = layers[0]
    if len(layers) == 1 or first.data is None:
        return first
    given = [layer for layer in layers if layer.data is not None]
    data: dict[str, Any] = {}
    for layer in reversed(given):
        data = merge(data, layer.data)
    problems = tuple(problem for layer in layers for problem in layer.problems)
    return LayeredDocument(first.file, first.text, data, problems, first.root, tuple(given))
