"""What a drawing may hold: the elements and attributes of SVG that draw, and what drawing programs add for themselves.

Source: Scalable Vector Graphics (SVG) 2, appendices "Element index", "Attribute index" and "Property index". What runs,
loads, links, listens or moves is left out: `script`, `foreignObject`, `a`, `set`, `animate` and their kin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from signalen_toolkit.diagnostics.source import brief

HTML: Final = "http://www.w3.org/1999/xhtml"
XMLNS: Final = "http://www.w3.org/2000/xmlns/"
SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"
XML: Final = "http://www.w3.org/XML/1998/namespace"

ELEMENTS: Final = frozenset(
    [
        "circle",
        "clipPath",
        "defs",
        "desc",
        "ellipse",
        "feBlend",
        "feColorMatrix",
        "feComponentTransfer",
        "feComposite",
        "feConvolveMatrix",
        "feDiffuseLighting",
        "feDisplacementMap",
        "feDistantLight",
        "feDropShadow",
        "feFlood",
        "feFuncA",
        "feFuncB",
        "feFuncG",
        "feFuncR",
        "feGaussianBlur",
        "feImage",
        "feMerge",
        "feMergeNode",
        "feMorphology",
        "feOffset",
        "fePointLight",
        "feSpecularLighting",
        "feSpotLight",
        "feTile",
        "feTurbulence",
        "filter",
        "g",
        "image",
        "line",
        "linearGradient",
        "marker",
        "mask",
        "metadata",
        "path",
        "pattern",
        "polygon",
        "polyline",
        "radialGradient",
        "rect",
        "stop",
        "style",
        "svg",
        "switch",
        "symbol",
        "text",
        "textPath",
        "title",
        "tspan",
        "use",
        "view",
    ]
)
# Elements that may lead to another part of the file (`#id`), and those that may have a picture in them.
LEADING: Final = frozenset(["feImage", "filter", "linearGradient", "pattern", "radialGradient", "textPath", "use"])
SHOWING: Final = frozenset(("image", "feImage"))

_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp)(?:;charset=[\w-]++)?;base64,[A-Za-z0-9+/=]*+", re.IGNORECASE)
_FONT = re.compile(
    r"data:(?:font|application)/(?:x-)?(?:font-)?(?:woff2?|ttf|otf|opentype|truetype)[;,]", re.IGNORECASE
)
# Of a document of XML; another base would make other addresses of those in it.
_OF_XML: Final = frozenset(("id", "lang", "space"))

ATTRIBUTES: Final = frozenset(
    [
        "amplitude",
        "azimuth",
        "baseFrequency",
        "baseProfile",
        "bias",
        "class",
        "clipPathUnits",
        "cx",
        "cy",
        "d",
        "data-name",
        "diffuseConstant",
        "divisor",
        "dx",
        "dy",
        "edgeMode",
        "elevation",
        "enable-background",
        "exponent",
        "filterRes",
        "filterUnits",
        "fr",
        "fx",
        "fy",
        "gradientTransform",
        "gradientUnits",
        "height",
        "id",
        "in",
        "in2",
        "intercept",
        "k1",
        "k2",
        "k3",
        "k4",
        "kernelMatrix",
        "kernelUnitLength",
        "lang",
        "lengthAdjust",
        "limitingConeAngle",
        "markerHeight",
        "markerUnits",
        "markerWidth",
        "maskContentUnits",
        "maskUnits",
        "media",
        "method",
        "mode",
        "numOctaves",
        "offset",
        "operator",
        "order",
        "orient",
        "path",
        "pathLength",
        "patternContentUnits",
        "patternTransform",
        "patternUnits",
        "points",
        "pointsAtX",
        "pointsAtY",
        "pointsAtZ",
        "preserveAlpha",
        "preserveAspectRatio",
        "primitiveUnits",
        "r",
        "radius",
        "refX",
        "refY",
        "requiredExtensions",
        "requiredFeatures",
        "result",
        "role",
        "rotate",
        "rx",
        "ry",
        "scale",
        "seed",
        "slope",
        "spacing",
        "specularConstant",
        "specularExponent",
        "spreadMethod",
        "startOffset",
        "stdDeviation",
        "stitchTiles",
        "style",
        "surfaceScale",
        "systemLanguage",
        "tabindex",
        "tableValues",
        "targetX",
        "targetY",
        "textLength",
        "title",
        "transform",
        "type",
        "values",
        "version",
        "viewBox",
        "width",
        "x",
        "x1",
        "x2",
        "xChannelSelector",
        "y",
        "y1",
        "y2",
        "yChannelSelector",
        "z",
        "zoomAndPan",
        "focusable",
    ]
)
# Properties of CSS that may stand as attributes: their values are CSS.
PROPERTIES: Final = frozenset(
    [
        "alignment-baseline",
        "baseline-shift",
        "clip",
        "clip-path",
        "clip-rule",
        "color",
        "color-interpolation",
        "color-interpolation-filters",
        "color-profile",
        "color-rendering",
        "cursor",
        "direction",
        "display",
        "dominant-baseline",
        "fill",
        "fill-opacity",
        "fill-rule",
        "filter",
        "flood-color",
        "flood-opacity",
        "font",
        "font-family",
        "font-feature-settings",
        "font-kerning",
        "font-size",
        "font-size-adjust",
        "font-stretch",
        "font-style",
        "font-variant",
        "font-variant-caps",
        "font-variant-east-asian",
        "font-variant-ligatures",
        "font-variant-numeric",
        "font-weight",
        "glyph-orientation-horizontal",
        "glyph-orientation-vertical",
        "image-rendering",
        "inline-size",
        "isolation",
        "kerning",
        "letter-spacing",
        "lighting-color",
        "line-height",
        "marker",
        "marker-end",
        "marker-mid",
        "marker-start",
        "mask",
        "mask-type",
        "mix-blend-mode",
        "opacity",
        "overflow",
        "paint-order",
        "pointer-events",
        "shape-inside",
        "shape-margin",
        "shape-padding",
        "shape-rendering",
        "solid-color",
        "solid-opacity",
        "stop-color",
        "stop-opacity",
        "stroke",
        "stroke-dasharray",
        "stroke-dashoffset",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-opacity",
        "stroke-width",
        "text-align",
        "text-anchor",
        "text-decoration",
        "text-decoration-color",
        "text-decoration-line",
        "text-decoration-style",
        "text-indent",
        "text-orientation",
        "text-overflow",
        "text-rendering",
        "text-transform",
        "transform-box",
        "transform-origin",
        "unicode-bidi",
        "vector-effect",
        "visibility",
        "white-space",
        "word-spacing",
        "writing-mode",
    ]
)
# Namespaces of drawing programs and of what is known about a drawing: a browser draws nothing of them.
SILENT: Final = frozenset(
    (
        "http://creativecommons.org/ns#",
        "http://web.resource.org/cc/",
        "http://ns.adobe.com/AdobeIllustrator/10.0/",
        "http://ns.adobe.com/AdobeSVGViewerExtensions/3.0/",
        "http://ns.adobe.com/Extensibility/1.0/",
        "http://ns.adobe.com/GenericCustomNamespace/1.0/",
        "http://ns.adobe.com/Graphs/1.0/",
        "http://ns.adobe.com/ImageReplacement/1.0/",
        "http://ns.adobe.com/SaveForWeb/1.0/",
        "http://ns.adobe.com/Variables/1.0/",
        "http://ns.adobe.com/XPath/1.0/",
        "http://ns.adobe.com/Flows/1.0/",
        "http://ns.adobe.com/xap/1.0/",
        "http://purl.org/dc/elements/1.1/",
        "http://purl.org/dc/terms/",
        "http://schemas.microsoft.com/visio/2003/SVGExtensions/",
        "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
        "http://svgjs.com/svgjs",
        "http://svgjs.dev/svgjs",
        "http://vectornator.io",
        "http://www.bohemiancoding.com/sketch/ns",
        "http://www.inkscape.org/namespaces/inkscape",
        "http://www.serif.com/",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://www.w3.org/2000/xmlns/",
        "https://boxy-svg.com",
    )
)


def is_picture(address: str) -> bool:
    """Tell whether an address is a picture itself, of points: a drawing would be a document again."""
    return _PICTURE.fullmatch(address) is not None


def is_font(address: str) -> bool:
    """Tell whether an address is a font itself."""
    return _FONT.match(address) is not None


def attribute_faults(element: str, namespace: str, name: str, value: str) -> Iterator[str]:
    """Yield what is wrong with an attribute of an element of SVG."""
    from signalen_toolkit.validation.rules.site.svg_style import value_faults

    if namespace in SILENT:
        return
    if namespace == XML:
        if name not in _OF_XML:
            yield f"holds the attribute xml:{brief(name, 40)}"
    elif name == "href" and namespace in ("", XLINK):
        yield from _address_faults(element, value)
    elif namespace == XLINK:
        return  # a title, and how a link would open
    elif re.match(r"on[a-z]", name, re.IGNORECASE):
        yield f"holds an event handler ({brief(name, 40)})"
    elif name == "style" or name in PROPERTIES:
        yield from value_faults(value)
    elif namespace or (name not in ATTRIBUTES and not name.startswith(("aria-", "data-"))):
        yield f"holds the attribute {brief(name, 40)}"


def _address_faults(element: str, value: str) -> Iterator[str]:
    # A browser leaves out spaces and control characters around and in an address.
    address = re.sub(r"[\x00-\x20]+", "", value)
    if re.match(r"(?:java|vb)script:", address, re.IGNORECASE):
        yield "holds a script in href"
    elif address.startswith("#") and element in LEADING:
        return
    elif address and not (element in SHOWING and is_picture(address)):
        yield f"refers to '{brief(value, 40)}', outside it"
