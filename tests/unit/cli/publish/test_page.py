"""The two files for visitors: what they say, and that no name of a file changes what they are."""

from html.parser import HTMLParser

import pytest

from git_annex_remote_pyshare.cli.publish import page
from git_annex_remote_pyshare.cli.publish.page import About, howto_of, page_of

FILES: dict[str, int | None] = {"a.txt": 3, "data/b.bin": 2048, "data/c": None}
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "bdi",
        "a",
        "pre",
        "code",
        "nav",
    ),
    *("ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
}


class Seen(HTMLParser):
    """The tags and links of a page, and its text."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(text.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in {"src", "style"} for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "name",
    [
        "<script>x</script>",
        "</title><img src=x>",
        '" onclick="x',
        "javascript:x",
        "https://h/x",
        "\u202egpj",
        "\x1b[0m",
    ],
)
def test_no_name_becomes_markup_or_leads_elsewhere(name: str) -> None:
    seen = Seen(page_of(About(name, name, name, f"https://h/{name}"), {f"d/{name}": 1, name: 2}))
    assert seen.tags <= TAGS
    assert all(link.startswith(("./", "#")) for link in seen.links)
    assert "\x1b" not in seen.text
    assert "\u202e" not in seen.text


def test_the_page_and_the_text_tell_what_is_there_and_how_to_get_it() -> None:
    about = About("DataLad-101", "public", "2030-12-31, commit 1234567890", "https://h.example.org/x.git")
    for text in (Seen(page_of(about, FILES)).text, howto_of(about, FILES).decode()):
        for said in (
            "DataLad-101/public",
            "3 files, more than 2.0 KiB",
            "2030-12-31",
            "pyshare accept https://h",
            "public.",
        ):
            assert said in text


def test_without_a_public_address_no_command_is_told() -> None:
    assert b"pyshare" not in page_of(About("x"), FILES)
    assert b"git-annex" not in howto_of(About("x"), FILES)


def test_the_same_files_make_the_same_page() -> None:
    backwards = dict(reversed(FILES.items()))
    assert page_of(About("x"), FILES) == page_of(About("x"), backwards)
    assert howto_of(About("x"), FILES) == howto_of(About("x"), backwards)


def test_a_page_of_very_many_files_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_LISTED", 2)
    seen = Seen(page_of(About("x"), FILES))
    assert "1 more files are not listed here" in seen.text
    assert "3 files" in seen.text
    assert "data/c" not in seen.links
