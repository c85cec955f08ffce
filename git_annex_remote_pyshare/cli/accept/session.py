"""The course of `pyshare accept`: show, ask, clone, enable, verify, get; and what to say at the end."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.cli.accept import cloning, getting, questions
from git_annex_remote_pyshare.cli.accept.getting import Amount, login_command
from git_annex_remote_pyshare.cli.accept.places import Place, git_host, is_store_address, place_of_address
from git_annex_remote_pyshare.cli.accept.questions import Answers, Choice
from git_annex_remote_pyshare.cli.accept.stores import (
    Found,
    Store,
    bring_content_first,
    enable,
    for_friends,
    is_verified,
    stores_in,
    verify,
)
from git_annex_remote_pyshare.cli.invitation import Invitation
from git_annex_remote_pyshare.cli.output import State, alert, say, say_check, warn
from git_annex_remote_pyshare.cli.remotes import clone_here
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line


class Plan(NamedTuple):
    """What an invitation leads to, before anything is contacted."""

    invitation: Invitation
    folder: str
    """Where the clone will be, as the user reads it."""
    place: Place | None
    """The store that holds the history, too; None if a git host has it."""

    @property
    def contact(self) -> str:
        """The hosts that the clone contacts, or the folder that it reads."""
        return self.place.where if self.place else one_line(git_host(self.invitation.url))

    @property
    def is_local(self) -> bool:
        """Whether the clone reads this machine's disk only."""
        return self.place.is_local if self.place else git_host(self.invitation.url) == self.invitation.url

    @property
    def words(self) -> str:
        """The dataset and where its history and data are, in one line."""
        name = self.invitation.name
        if self.place:
            return one_line(f"{name} · history and data: {self.place.words}")
        return one_line(f"{name} · history: {self.contact} · data: where the history says")

    @property
    def question(self) -> str:
        """What the user agrees to."""
        return f"This {'reads' if self.is_local else 'contacts'} {self.contact} and makes {self.folder}. Go?"


class Report(NamedTuple):
    """What was done, for the last lines and for `--json`."""

    name: str
    folder: str
    found: Found = Found((), ())
    used: tuple[Store, ...] = ()
    """The enabled stores."""
    first: tuple[str, ...] = ()
    """Names of the stores that get content before a push of the history."""
    all: Amount = Amount()
    """The files that were not here before."""
    gotten: int = 0
    lacking: int = 0
    """Files that the user wants and that are not here."""
    login: str = ""
    """The command for the login that a store wants; empty if none does."""


def plan_of(invitation: Invitation, folder: str) -> Plan:
    """What the invitation leads to; sends no request, and looks at no file.

    Args:
        invitation: A checked invitation.
        folder: The folder that the user typed; empty for one of the dataset's name in the working directory.

    Raises:
        BadSetting: pyshare cannot show where the address leads.
    """
    url = invitation.url
    if url.startswith(SCHEME) and not is_store_address(url):
        raise BadSetting(
            "the address is a file on a web server that leads to another address, which cannot be shown before",
            remedy="Ask the owner of the dataset for: pyshare invite",
        )
    place = place_of_address(url) if invitation.is_store else None
    return Plan(invitation, folder or os.path.join(".", invitation.name), place)


def join(plan: Plan, answers: Answers) -> Report | None:
    """Clone what the plan names, or repair a clone of it, and get what the user chooses; None if they say no.

    Raises:
        PyshareError: The history cannot be cloned.
        click.UsageError: There is no one to ask.
    """
    if cloning.is_clone_of(plan.folder, plan.invitation.url):
        say(f"{plan.folder} is a clone of it already, and stays.")
        os.chdir(plan.folder)
        return repair(answers, plan)
    cloning.require_free(plan.folder)
    questions.require_person(answers)
    _introduce(plan)
    if answers.is_asked and not questions.agrees(plan.question, usually=True):
        return None
    with cloning.new_folder(plan.folder):
        _clone(plan, answers)
    say_check(State.OK, "cloned")
    if not cloning.is_dataset():
        warn("It has no git-annex branch, so all its files are here already.")
        return Report(plan.invitation.name, plan.folder)
    clone = clone_here()
    found = stores_in(clone, plan.place)
    before = Report(plan.invitation.name, plan.folder, found, all=getting.missing())
    shown = frozenset(plan.place.hosts) if plan.place else frozenset()
    return _use(before, clone, plan, answers._replace(hosts=answers.hosts | shown))


def repair(answers: Answers, plan: Plan | None = None) -> Report:
    """Enable what the clone of the working directory lacks, set the publication dependency, and offer to verify.

    Contacts no server, unless `--get` names files.

    Raises:
        BadSetting: The working directory is in no clone.
    """
    clone = clone_here()
    os.chdir(os.path.dirname(clone.git_dir) if clone.git_dir.endswith(".git") else clone.git_dir)
    url = clone.config.get("remote.origin.url", "")
    address = place_of_address(url) if is_store_address(url) else None
    found = stores_in(clone, address)
    used = for_friends(found, plan.invitation.store if plan else "")
    if address:
        used = tuple(store for store in used if store.is_enabled or _is_agreed(store, answers))
    trusted = {host for store in used if store.is_enabled and is_verified(store, clone) for host in store.place.hosts}
    for store in used:
        if trusted.issuperset(store.place.hosts) or answers.hosts.issuperset(store.place.hosts):
            continue
        question = f"{store.name} leads to {store.place.words}. Do you trust it with what you push?"
        if answers.is_asked and questions.agrees(question, usually=False):
            trusted.update(store.place.hosts)
    name = os.path.basename(os.getcwd())
    report = Report(name, plan.folder if plan else ".", found, all=getting.missing())
    report = _enabled(report, clone, used, answers.hosts | trusted)
    return _get(report, questions.choice_of(answers.wanted), answers) if answers.wanted else report


def _introduce(plan: Plan) -> None:
    invitation = plan.invitation
    if invitation.who:
        say(one_line(f"From someone who gives the name {invitation.who}:"))
    say(plan.words)
    if invitation.access.value == "password":
        say("Its link has a password, which you get separately.")


def _clone(plan: Plan, answers: Answers) -> None:
    """Clone, after a login if the store wants one; raises PermissionDenied if no one is here to give it."""
    invitation, place = plan.invitation, plan.place
    try:
        cloning.clone(invitation, may_ask=answers.is_asked)
    except PermissionDenied:
        if place is None:
            raise PyshareError(f"{plan.contact} wants a login that pyshare does not know") from None
        if not _may_log_in(place, answers):
            again = f"Type: {login_command(place)} and then accept the invitation again."
            raise PermissionDenied(f"{place.where} wants a login", remedy=again) from None
        cloning.clone(invitation, may_ask=answers.is_asked)


def _use(report: Report, clone: LocalConfig, plan: Plan, answers: Answers) -> Report:
    """Ask about the stores and the files of a new clone, and do what was answered."""
    stores = for_friends(report.found, plan.invitation.store)
    if plan.place:  # its hosts were shown, and the dataset has no reason to lead elsewhere
        stores = tuple(store for store in stores if _is_agreed(store, answers))
    new = {host: None for store in stores for host in store.place.hosts if host not in answers.hosts}
    places = dict.fromkeys(store.place.words for store in stores)
    say(one_line(f"{report.all.words} · data: {', '.join(places) or 'in no store of pyshare'}"))
    choice = questions.choice_of(answers.wanted)
    if answers.is_asked and (new or (stores and report.all.files and not answers.wanted)):
        choice = questions.ask_choice(report.all, " and ".join(new))
        if choice.agrees:
            answers = answers._replace(hosts=answers.hosts | new.keys())
        else:
            stores = tuple(store for store in stores if answers.hosts.issuperset(store.place.hosts))
    report = _enabled(report, clone, stores, answers.hosts)
    return _get(report, choice, answers)


def _is_agreed(store: Store, answers: Answers) -> bool:
    if answers.hosts.issuperset(store.place.hosts):
        return True
    about = f"The dataset also leads to {store.place.words}, which the invitation does not name."
    if answers.is_asked:
        return questions.agrees(f"{about} Use that, too?", usually=False)
    hosts = [word for host in store.place.hosts for word in ("--host", host)]
    again = command("pyshare", "accept", "--yes", *hosts)
    alert(one_line(f"{about} So {store.name} is not enabled. If you trust it, type in the clone: {again}"))
    return False


def _enabled(report: Report, clone: LocalConfig, stores: Sequence[Store], agreed: frozenset[str]) -> Report:
    """Enable and verify stores, and set the publication dependency."""
    used = []
    for store in stores:
        try:
            enable(store, clone)
        except PyshareError as error:
            alert(str(error))
            continue
        used.append(store)
        if agreed.issuperset(store.place.hosts) and not verify(store, clone, agreed):
            alert(f"git-annex would use other settings for {store.name} than those shown, so it stays unverified.")
    first = bring_content_first(tuple(used), clone)
    if first:
        say_check(State.OK, "later pushes bring content first")
    return report._replace(used=tuple(used), first=tuple(first))


def _get(report: Report, choice: Choice, answers: Answers) -> Report:
    """Get the chosen files from each store in turn, and then from the git host if it has content."""
    if choice.paths is None:
        return report
    if strange := [path for path in choice.paths if not _is_inside(path)]:
        raise BadSetting(
            f"the dataset has no file or folder {strange[0]}",
            remedy=f"The clone is {report.folder}. Look there for the name, then type: datalad get NAME",
        )
    left = getting.missing(choice.paths) if choice.paths else report.all
    for store in report.used:
        if not left.files:
            break
        guest = not getting.has_login(store.place)
        gotten = getting.get(store.name, choice.paths, left.files)
        if gotten.files and guest and not store.place.is_local:
            say_check(State.OK, "the store answers without a login")
        if gotten.needs_login and _may_log_in(store.place, answers):
            gotten = getting.get(store.name, choice.paths, left.files)
        if gotten.needs_login:
            report = report._replace(login=login_command(store.place))
        elif gotten.failures:
            alert(one_line(f"{store.name}: {gotten.why}"))
        report = report._replace(gotten=report.gotten + gotten.files)
        left = getting.missing(choice.paths)
    if left.files and _origin_has_content():
        gotten = getting.get(cloning.ORIGIN, choice.paths, left.files)
        report = report._replace(gotten=report.gotten + gotten.files)
        left = getting.missing(choice.paths)
    return report._replace(lacking=left.files, login=report.login if left.files else "")


def _is_inside(path: str) -> bool:
    """Whether the clone in the working directory has such a file or folder."""
    return not os.path.isabs(path) and os.path.normpath(path).split(os.sep)[0] != ".." and os.path.lexists(path)


def _origin_has_content() -> bool:
    clone = clone_here(cloning.ORIGIN)
    return bool(clone.remote_uuid) and clone.option("annex-ignore") != "true" and not clone.external_type


def _may_log_in(place: Place, answers: Answers) -> bool:
    """Whether the user, who has agreed to the host, has just logged in there."""
    if not answers.is_asked or not questions.agrees(f"{place.where} wants a login. Log in now?", usually=True):
        return False
    getting.log_in(place)
    return True
