"""What the guides show: their texts, and the files in them by name."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PAGES = sorted(each for each in (ROOT / "docs").rglob("*.md") if "_build" not in each.parts)

TEXTS = {page.relative_to(ROOT / "docs").as_posix(): page.read_text() for page in PAGES}


def blocks(language: str) -> list[tuple[str, str]]:
    """Each block of a language, with the page that it is on."""
    return [
        (name, block)
        for name, text in TEXTS.items()
        for block in re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


FILES = {block.splitlines()[0].removeprefix("# "): block for _, block in [*blocks("python"), *blocks("toml")]}
"""By the name of the file, which each says in its first line."""

ENVIRON = {
    "HYPERLIQUID_KEY": "0x" + "11" * 32,
    "LIVETRIO_TOKEN": "a-long-token-of-mine-and-nobody-elses",
    "HOOK_URL": "https://example.com/hook",
    "PHONE_URL": "tgram://123456789:A_TOKEN_OF_MINE_AND_NOBODY_ELSES/12345",
}
"""What the configurations refer to."""
