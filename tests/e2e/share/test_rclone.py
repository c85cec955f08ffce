"""`pyshare share` of a store in rclone: a page for people, with the real rclone and a stand-in of a service."""

import json
import re
from collections.abc import Iterator

import pytest
from support.fakes.pixeldrain import Pixeldrain, pixeldrain
from support.sharing import Owner


@pytest.fixture
def service(sharer: Owner) -> Iterator[Pixeldrain]:
    """The service that Alice's rclone calls `drain`, with a store of hers."""
    with pixeldrain() as running:
        config = sharer.home.folder / ".config" / "rclone" / "rclone.conf"
        config.parent.mkdir(parents=True)
        config.write_text(
            f"[drain]\ntype = pixeldrain\napi_key = x\napi_url = {running.url}/api\nroot_folder_id = me\n"
        )
        sharer.initremote("rclone:drain:/data")
        yield running


def test_a_link_is_said_to_lead_to_a_page_for_people_until_it_is_withdrawn(sharer: Owner, service: Pixeldrain) -> None:
    told = sharer.share().stdout
    assert list(service.links) == ["/me/data"]
    (link,) = re.findall(r"Link: (\S+)", told)
    assert link == f"{service.url}/d/{service.links['/me/data']}"
    assert "git-annex cannot read the page. For friends who use it, type: pyshare invite for-friends" in told
    assert "not their names" in told
    again = json.loads(sharer.share("--json").stdout)
    assert (again["url"], again["is_page"], again["published"]) == (link, True, False)
    assert "is_new" not in again
    assert link not in sharer.type("git", "show", "git-annex:remote.log").stdout

    (line,) = re.findall(r"To withdraw the link, type: pyshare share for-friends (\S+)", told)
    assert "No link leads to a page of rclone:drain:/data any more" in sharer.share(line).stdout
    assert not service.links


@pytest.mark.parametrize(
    ("word", "refusal"),
    [("--expires=3d", "the links of pixeldrain in rclone do not end"), ("--public", "--public is for buckets")],
)
def test_what_the_service_cannot_do_is_refused_before_there_is_a_link(
    sharer: Owner, service: Pixeldrain, word: str, refusal: str
) -> None:
    done = sharer.share(word, check=False)
    assert done.returncode == 2
    assert refusal in done.stderr
    assert not service.links
