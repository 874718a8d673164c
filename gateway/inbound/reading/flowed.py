"""text/plain; format=flowed (RFC 3676) joined into paragraphs again."""

from __future__ import annotations


def unflow(text: str, *, delsp: bool = False) -> str:
    """Lines that end in a space go on in the next one of the same quote depth; quotes keep their ``>`` marks."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        level = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        if paragraph and (level != depth or content == "-- "):
            out.append(_line(paragraph, depth))
            paragraph = []
        depth = level
        paragraph.append(content[:-1] if flows and delsp else content)
        if not flows:
            out.append(_line(paragraph, depth))
            paragraph = []
    if paragraph:
        out.append(_line(paragraph, depth))
    return "\n".join(out)


def _line(paragraph: list[str], depth: int) -> str:
    text = "".join(paragraph)
    if not depth:
        return text
    return ">" * depth + " " + text if text else ">" * depth
