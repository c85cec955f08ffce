"""Addresses of stores that hold a git repository."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.config.annex_url import AnnexUrl, parse_annex_url
from git_annex_remote_pyshare.errors import BadSetting

_UUID = "6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"
_TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(_TEXTS.filter(bool), _TEXTS, min_size=1))
def test_any_settings_come_back_from_the_address(settings: dict[str, str]) -> None:
    url = AnnexUrl(_UUID, settings)

    assert parse_annex_url(url.text) == url


def test_a_value_is_encoded_wholly_so_that_the_address_is_one_word() -> None:
    url = AnnexUrl(_UUID, {"type": "external", "url": "https://h/a b&c=d#e?ü"})

    assert url.text == f"annex::{_UUID}?type=external&url=https%3A%2F%2Fh%2Fa%20b%26c%3Dd%23e%3F%C3%BC"


@pytest.mark.parametrize(
    "text", ["annex::", f"annex::{_UUID}", "annex::?url=x", "https://h/", f"annex::{_UUID}?url=a&url=b"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        parse_annex_url(text)
