"""`pyshare share NAME`: find or make the link by which friends read a store, and print what to send to them."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, LinksPage, Opens, Share, Shares, Terms
from git_annex_remote_pyshare.backends.login import ask_guest
from git_annex_remote_pyshare.cli.clone_address import clone_address
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import is_for_programs, say, show
from git_annex_remote_pyshare.cli.remotes import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.cli.share.before_push import share_before_push
from git_annex_remote_pyshare.cli.share.friends import lines
from git_annex_remote_pyshare.cli.share.page import link_page, withdraw_page
from git_annex_remote_pyshare.cli.share.publish import publish, steps
from git_annex_remote_pyshare.cli.share.trial import Guest, is_open, require_content, require_readable
from git_annex_remote_pyshare.cli.steps import run_steps
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.config.remotes import link_named
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_AGE = re.compile(r"([1-9][0-9]{0,3})([dw])", re.ASCII)
_DAYS = {"d": 1, "w": 7}


class _LastDay(click.ParamType[str]):
    """`30d`, `4w` or a future date; converted to `2030-12-31`."""

    name = "30d|DATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click.ParamType."""
        text = str(value)
        if age := _AGE.fullmatch(text):
            return (date.today() + timedelta(int(age[1]) * _DAYS[age[2]])).isoformat()  # noqa: DTZ011  # the user's day
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is neither like 30d or 4w nor a date like 2030-12-31", param, ctx)
        if day <= date.today():  # noqa: DTZ011  # as above
            self.fail(f"{text} is not in the future", param, ctx)
        return day.isoformat()


_Result = Mapping[str, object]
"""What `--json` prints; see docs/reference/json/share.json."""


class _Options(NamedTuple):
    """The options of the command."""

    public: bool
    revoke: bool
    yes: bool
    terms: Terms


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.option("--public", is_flag=True, help="S3: let anyone read the store, by the bucket's policy.")
@click.option("--expires", type=_LastDay(), help="Let the link end after that many days, or on that day.")
@click.option("--password", is_flag=True, help="Ask for a password that friends then need.")
@click.option("--revoke", is_flag=True, help="Withdraw all links to the store (with --public: close the bucket).")
@click.option("-y", "--yes", is_flag=True, help="Publish the link with the dataset without asking.")
@click.option("--before-push", is_flag=True, help="Make the link before anything is stored; your next push tells it.")
@json_option()
def share(name: str, *, expires: str | None, password: bool, before_push: bool, as_json: bool, **typed: bool) -> None:
    """Make, or find, the link by which friends read the store of the remote NAME, and print what to send to them.

    \b
    Examples, inside a dataset's clone:
      pyshare share for-friends
      pyshare share for-friends --expires 30d --password
      pyshare share for-friends --revoke

    Anyone with the link can read everything in the store, whatever the dataset lists. pyshare reads one file by the
    link before it prints anything to send, and asks whether to publish the link with the dataset.
    """
    remote = remote_named(name)
    if typed["revoke"] and (expires or password):
        raise BadSetting("--revoke withdraws a link, which then has no end and no password", remedy="Leave one out.")
    terms = Terms(expires or "", ask_guest(CommandLine(), "").secret if password else "")
    options = _Options(terms=terms, **typed)
    result = _before_push(remote, options) if before_push else _done(remote, options)
    if as_json:
        show_json({"name": name, **result})


def _before_push(remote: Remote, options: _Options) -> _Result:
    """Make the link of a store that is still empty."""
    if options.revoke or (options.public and any(options.terms)):
        raise BadSetting(
            "--before-push makes a link, and --public has neither an end nor a password", remedy="Leave one out."
        )
    made = share_before_push(
        remote.place.clone.remote, lambda step: run_steps([step]), public=options.public, terms=options.terms
    )
    return {
        "url": made.link.url,
        "is_new": made.link.is_new,
        "has_password": made.link.has_password,
        "ends": made.link.ends,
        "commands": [command(*step) for step in made.steps],
        "published": False,
        "friends": [],
        "next": [],
    }


def _done(remote: Remote, options: _Options) -> _Result:
    """Do what the options say, and tell it; the result for programs."""
    if registry.spec_of(remote.place.url).local:
        return _share_folder(remote, options)
    require_verified(remote)
    with opened(remote.place) as store:
        return (_revoke if options.revoke else _share)(remote, store, options)


def _share_folder(remote: Remote, options: _Options) -> _Result:
    """Share a folder, which has no link: friends use its path."""
    _refuse(remote, options.public or options.revoke or any(options.terms))
    require_content(remote)
    say(f"Friends read {remote.place.url} where they have the same folder.\n")
    return _published(remote, Share(remote.place.url), options)


def _share(remote: Remote, store: Backend, options: _Options) -> _Result:
    if store.has(LinksPage):
        _refuse(remote, options.public)
        return link_page(remote, store, options.terms)
    if not store.has(Shares):
        raise BadSetting(f"pyshare cannot share {remote.place.url}")
    sample = require_content(remote, store)
    link = (
        _open(remote, store, options.terms)
        if options.public
        else store.call(Shares, lambda able: able.share(options.terms))
    )
    if link is None:
        link = _by_login(remote, sample, can_open=store.has(Opens))
    else:
        _say_link(remote, link)
        require_readable(remote, link, Guest(sample, options.terms.password, just_opened=options.public))
        _say_who(store, link)
    return _published(remote, link, options)


def _published(remote: Remote, link: Share, options: _Options) -> _Result:
    """Publish the link, and say what to send to friends."""
    made = steps(remote, link)
    done = publish(made, yes=options.yes)
    friends, then = _lines(remote, link)
    _say_lines(friends, then, link)
    return {
        "url": link.url,
        "is_new": link.is_new,
        "has_password": link.has_password,
        "ends": link.ends,
        "commands": [command(*step) for step in made],
        "published": done,
        "friends": friends,
        "next": then,
    }


def _by_login(remote: Remote, sample: str, *, can_open: bool) -> Share:
    """Share a store without links: friends log in to the same server."""
    account = registry.account_of(remote.place.settings)
    login = "" if is_open(remote, sample) else command("pyshare", "login", *account.words)
    if login:
        say(f"{remote.place.url} has no link. Friends need a login of their own there.")
        if can_open:
            say(f"To let anyone read it, type: {command('pyshare', 'share', remote.place.clone.remote, '--public')}")
        say()
    return Share(remote.place.url, login)


def _open(remote: Remote, store: Backend, terms: Terms) -> Share:
    _refuse(remote, not store.has(Opens) or any(terms))
    return Share(remote.place.url, settings=store.call(Opens, lambda able: able.open_to_all()))


def _revoke(remote: Remote, store: Backend, options: _Options) -> _Result:
    if options.public:
        _refuse(remote, not store.has(Opens))
        settings = store.call(Opens, lambda able: able.close_to_all())
        say(f"The bucket's policy no longer has the statement that lets anyone read {remote.place.url}.")
        made = steps(remote, Share(remote.place.url, settings=settings))
        done = publish(made, yes=options.yes)
        return {
            "withdrawn": [remote.place.url],
            "commands": [command(*step) for step in made],
            "published": done,
            "next": [],
        }
    if store.has(LinksPage):
        return withdraw_page(remote, store)
    withdrawn = store.call(Shares, lambda able: able.revoke()) if store.has(Shares) else ()
    for url in withdrawn:
        say(f"Withdrew the link {url}")
    again = command("pyshare", "share", remote.place.clone.remote)
    if withdrawn:
        say(f"\nA new one: {again}")
    else:
        say("There is no link to withdraw.")
    return {"withdrawn": [*withdrawn], "commands": [], "published": False, "next": [again] if withdrawn else []}


def _refuse(remote: Remote, refused: object) -> None:
    if refused:
        raise BadSetting(
            f"--public, --expires, --password and --revoke mean nothing for {remote.place.url}"
            if registry.spec_of(remote.place.url).local
            else f"--public is for buckets, and goes with neither --expires nor --password: {remote.place.url}",
            remedy=f"Type: {command('pyshare', 'share', remote.place.clone.remote)}",
        )


def _say_link(remote: Remote, link: Share) -> None:
    if link.url != remote.place.url:
        say(f"{'New' if link.is_new else 'Found'} link: {link.url}")


def _say_who(store: Backend, link: Share) -> None:
    """Say who can read what: a link can give access to more than the dataset."""
    if store.has(Opens):  # its own address is the link
        say(f"Anyone can read everything in {link.url}.\n")
        return
    who = "this link and its password" if link.has_password else "this link"
    say(f"Anyone with {who} can read everything in it{f', until {link.ends}' if link.ends else ''}.\n")


def _address(remote: Remote, dataset: Dataset, link: Share) -> str:
    """The address of a dataset whose history is in a store, so that friends reach the store by the link."""
    holder = remote_named(dataset.remote)
    by_link = holder.uuid == remote.uuid and link.url != holder.place.url
    name = link_named(remote.place.clone, remote.uuid, link.url) if by_link else ""
    if by_link and not name:
        again = command("pyshare", "share", remote.place.clone.remote)
        raise BadSetting("the dataset does not name this link yet", remedy=f"Type the above, and then: {again}")
    return clone_address(holder, name).text


def _lines(remote: Remote, link: Share) -> tuple[list[str], list[str]]:
    """The commands for friends, and those that the owner has to type first: one of the two is empty."""
    dataset = Dataset.of(remote.place.clone)
    if dataset and dataset.is_in_store:
        hosted = dataset._replace(url=_address(remote, dataset, link))
        return lines(hosted, link, Dataset.folder_of(remote.place.clone)), []
    if dataset:
        return lines(dataset, link), []
    name, folder = remote.place.clone.remote, Dataset.folder_of(remote.place.clone)
    return [], [
        command("datalad", "create-sibling-github", folder, "--publish-depends", name),
        command("datalad", "push", "--to", "github"),
        command("pyshare", "share", name),
    ]


def _say_lines(friends: list[str], then: list[str], link: Share) -> None:
    if is_for_programs():
        return
    if then:
        say("Your dataset is not published yet, so your friends cannot clone it. Type, for example:\n")
        for line in then:
            say(f"  {line}")
        return
    say("Send this to your friends:\n")
    for line in friends:
        show(f"  {line}")
    if link.has_password:
        say("\nSend the link's password separately.")
