"""Shares a store whose service has a page for people but no link that git-annex can read."""

from git_annex_remote_pyshare.backends.base import Backend, LinksPage, Page, Terms
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.safe_text import command


def link_page(remote: Remote, store: Backend, terms: Terms) -> dict[str, object]:
    """Make the link to the page, and tell what it is; the result for programs.

    Raises:
        BadSetting: The service has no such link, or does not support the terms.
        PyshareError: The link was not made.
    """
    page = store.call(LinksPage, lambda able: able.link_page(terms))
    name = remote.place.clone.remote
    invite = command("pyshare", "invite", name)
    until = f", until {terms.ends}" if terms.ends else ""
    say(f"Link: {page.url}")
    say(f"It leads to a page of the service. Anyone with it can read all files in {remote.place.url}{until}.")
    if remote.annex.get("encryption", "none") != "none":
        say("The page shows encrypted files only.")
    elif remote.annex.get("exporttree") != "yes":
        say("The page shows their content and not their names: only a remote with exporttree=yes has those.")
    say(f"\ngit-annex cannot read the page. For friends who use it, type: {invite}")
    say(_ending(page, name))
    return {
        "url": page.url,
        "is_page": True,
        "has_password": False,
        "ends": terms.ends,
        "commands": [],
        "published": False,
        "friends": [],
        "next": [invite],
    }


def withdraw_page(remote: Remote, store: Backend) -> dict[str, object]:
    """Withdraw the link to the page; the result for programs.

    Raises:
        BadSetting: It can only be withdrawn on the page itself.
        PyshareError: It was not withdrawn.
    """
    store.call(LinksPage, lambda able: able.withdraw_page())
    again = command("pyshare", "share", remote.place.clone.remote)
    say(f"No link leads to a page of {remote.place.url} any more.\n\nA new one: {again}")
    return {"withdrawn": [remote.place.url], "commands": [], "published": False, "next": [again]}


def _ending(page: Page, name: str) -> str:
    if page.can_withdraw:
        return f"To withdraw the link, type: {command('pyshare', 'share', name, '--revoke')}"
    return "To withdraw the link, stop sharing the folder on the service's own page: pyshare cannot."
