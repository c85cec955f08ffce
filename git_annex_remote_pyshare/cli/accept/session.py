"""The course of `pyshare accept`: show, ask, clone, enable, verify, get; and what to say at the end."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.cli.accept import cloning, getting, questions
from git_annex_remote_pyshare.cli.accept.getting import Amount, login_command
from git_annex_remote_pyshare.cli.accept.places import Place, git_host, has_login, is_store_address, place_of_address
from git_annex_remote_pyshare.cli.accept.programs import top_of
from git_annex_remote_pyshare.cli.accept.questions import Answers, Choice
from git_annex_remote_pyshare.cli.accept.stores import (
    Found,
    Store,
    bring_content_first,
    enable,
    for_friends,
    is_readable,
    is_verified,
    let_read,
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
    absent: int = 0
    """Datasets inside of this one that the user named, and that are not here with all their files."""
    notes: tuple[str, ...] = ()
    """Sentences about what is missing; contain text of strangers."""
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
        return _without_annex(plan.invitation.name, plan.folder)
    clone = clone_here()
    found = stores_in(clone, plan.place)
    return _use(Report(plan.invitation.name, plan.folder, found, all=getting.missing()), clone, plan, answers)


def repair(answers: Answers, plan: Plan | None = None) -> Report:
    """Enable what the clone of the working directory lacks, set the publication dependency, and offer to verify.

    Contacts no server, unless `--get` names files.

    Raises:
        BadSetting: The working directory is in no clone.
    """
    if not (top := top_of(".")):
        clone_here()  # says so outside of a repository
        raise BadSetting(
            "this repository has no working tree", remedy="Type it in the folder with the dataset's files."
        )
    os.chdir(top)
    clone = clone_here()
    name, folder = os.path.basename(top), plan.folder if plan else "."
    if not cloning.is_dataset():
        return _without_annex(name, folder)
    url = clone.config.get("remote.origin.url", "")
    cloning.require_annex(url)
    clone = clone_here()  # with what git-annex has set
    address = place_of_address(url) if is_store_address(url) else None
    found = stores_in(clone, address)
    used = for_friends(found, plan.invitation.store if plan else "")
    if address:
        used = tuple(store for store in used if store.is_enabled or _is_agreed(store, address, answers))
    trusted, to_read = _asked_again(used, clone, answers)
    report = _enabled(Report(name, folder, found, all=getting.missing()), clone, used, trusted)
    for store in to_read:
        let_read(store, clone)
    return _get(report, questions.choice_of(answers.wanted), answers) if answers.wanted else report


def _asked_again(used: Sequence[Store], clone: LocalConfig, answers: Answers) -> tuple[set[str], list[Store]]:
    """The UUIDs of stores that the user trusts with pushes, and the links to read from: each store is asked about."""
    trusted, to_read = _named(used, answers), []
    for store in used if answers.is_asked else ():
        if store.uuid in trusted or (store.is_enabled and is_verified(store, clone)):
            continue
        about = f"{store.name} leads to {store.place.words}."
        if not store.place.is_link:
            if questions.agrees(f"{about} Do you trust it with what you push?", usually=False):
                trusted.add(store.uuid)
        elif not is_readable(store, clone) and questions.agrees(f"{about} Get files from it?", usually=False):
            to_read.append(store)
    return trusted, to_read


def _named(stores: Sequence[Store], answers: Answers) -> set[str]:
    """The UUIDs of the stores whose address the user has typed."""
    return {store.uuid for store in stores if store.place.address in answers.addresses}


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
        stores = tuple(store for store in stores if _is_agreed(store, plan.place, answers))
    trusted = _named(stores, answers)
    new = [store for store in stores if not store.is_address and store.uuid not in trusted]
    places = [store.place.words for store in stores]
    say(one_line(f"{report.all.words} · data: {', '.join(places) or 'in no store of pyshare'}"))
    choice, to_read = questions.choice_of(answers.wanted), list[Store]()
    if answers.is_asked and (new or (stores and report.all.files and not answers.wanted)):
        for_pushes = [store for store in new if store.is_for_pushes]
        choice = questions.ask_choice(report.all, _addresses(new), _addresses(for_pushes))
        if not choice.agrees:
            stores = tuple(store for store in stores if store not in new)
        elif choice.paths is not None:
            trusted.update(store.uuid for store in for_pushes)
            to_read = new
    report = _enabled(report, clone, stores, trusted)
    for store in report.used:
        if store in to_read:
            let_read(store, clone)
    return _get(report, choice, answers)


def _addresses(stores: Sequence[Store]) -> list[str]:
    return [store.place.address for store in stores]


def _without_annex(name: str, folder: str) -> Report:
    """What is said of a clone in which git-annex knows nothing: whether files are missing."""
    lacking = getting.without_content()
    if not lacking:
        warn("It has no annexed files: all files are here already.")
        return Report(name, folder)
    note = "Its branch git-annex is not published, and only that says where content is. Ask its owner to push it."
    return Report(name, folder, lacking=lacking, notes=(note,))


def _is_agreed(store: Store, address: Place | None, answers: Answers) -> bool:
    """Whether a store that the invitation may not name is used for reading."""
    if store.place.address in answers.addresses or (address and store.place.address == address.address):
        return True
    about = f"The dataset also leads to {store.place.words}, which the invitation does not name."
    if answers.is_asked:
        return questions.agrees(f"{about} Use that, too?", usually=False)
    again = command("pyshare", "accept", "--yes", "--host", store.place.address)
    alert(one_line(f"{about} So {store.name} is not enabled. If you trust it, type in the clone: {again}"))
    return False


def _enabled(report: Report, clone: LocalConfig, stores: Sequence[Store], trusted: set[str]) -> Report:
    """Enable stores, verify those that are trusted with pushes, and set the publication dependency."""
    used, for_pushes = [], []
    for store in stores:
        try:
            enable(store, clone)
        except PyshareError as error:
            alert(str(error))
            continue
        used.append(store)
        if store.uuid in trusted and not verify(store, clone):
            alert(f"git-annex would use other settings for {store.name} than those shown, so it stays unverified.")
        is_agreed = store.is_enabled or store.uuid in trusted
        if is_agreed and not store.place.is_link and is_verified(store, clone):
            for_pushes.append(store)
    first = bring_content_first(for_pushes, clone)
    if first:
        say_check(State.OK, "later pushes bring content first")
    return report._replace(used=tuple(used), first=tuple(first))


def _get(report: Report, choice: Choice, answers: Answers) -> Report:
    """Get the chosen files from each store in turn, and then from the git host if it has content."""
    if choice.paths is None:
        return report
    report, paths = _without_subdatasets(report, choice.paths)
    if paths is None:
        return report
    left = getting.missing(paths) if paths else report.all
    for store in report.used:
        if not left.files:
            break
        guest = not has_login(store.place)
        gotten = getting.get(store.name, paths, left.files)
        if gotten.files and guest and not store.place.is_local:
            say_check(State.OK, "the store answers without a login")
        if gotten.needs_login and _may_log_in(store.place, answers):
            gotten = getting.get(store.name, paths, left.files)
        if gotten.needs_login:
            report = report._replace(login=login_command(store.place))
        elif gotten.failures:
            alert(one_line(f"{store.name}: {gotten.why}"))
        report = report._replace(gotten=report.gotten + gotten.files)
        left = getting.missing(paths)
    if left.files:
        report, left = _from_git_host(report, paths, left)
    return report._replace(lacking=left.files, login=report.login if left.files else "")


def _without_subdatasets(report: Report, paths: Sequence[str]) -> tuple[Report, Sequence[str] | None]:
    """The wanted paths that belong to this dataset itself; None if all are of others, which a note then names.

    Raises:
        BadSetting: There is no such file or folder.
    """
    inner = getting.in_subdatasets(paths)
    absent = [name for name in inner if not getting.is_whole(name)]
    excused = {path for name in absent for path in inner[name]}
    if strange := [path for path in paths if path not in excused and not _is_inside(path)]:
        raise BadSetting(
            f"the dataset has no file or folder {strange[0]}",
            remedy=f"Look for the name in {report.folder}, then type there: datalad get NAME",
        )
    if absent:
        about = "is a dataset of its own" if len(absent) == 1 else "are datasets of their own"
        note = f"{', '.join(absent)} {about}, and not all of it is here. Ask for an invitation to it."
        report = report._replace(absent=len([name for name in absent if inner[name]]), notes=(*report.notes, note))
    in_others = {path for below in inner.values() for path in below}
    own = [path for path in paths if path not in in_others]
    return report, (own if own or not paths else None)


def _from_git_host(report: Report, paths: Sequence[str], left: Amount) -> tuple[Report, Amount]:
    """Get what is left from the git host, or name the command after which git-annex asks a host on the web."""
    clone = clone_here(cloning.ORIGIN)
    if clone.option("annex-ignore") == "true":
        url = clone.option("url")
        if report.used or not cloning.is_on_web(url):
            return report, left
        again = f"{command('git', 'config', cloning.IGNORED, 'false')} && {command('git', 'annex', 'get')}"
        note = f"If {git_host(url)} itself has the files, type in the clone: {again}"
        return report._replace(notes=(*report.notes, note)), left
    if not clone.remote_uuid or clone.external_type:
        return report, left
    gotten = getting.get(cloning.ORIGIN, paths, left.files)
    return report._replace(gotten=report.gotten + gotten.files), getting.missing(paths)


def _is_inside(path: str) -> bool:
    """Whether the clone in the working directory has such a file or folder."""
    return not os.path.isabs(path) and os.path.normpath(path).split(os.sep)[0] != ".." and os.path.lexists(path)


def _may_log_in(place: Place, answers: Answers) -> bool:
    """Whether the user, who has agreed to the host, has just logged in there."""
    if not answers.is_asked or not questions.agrees(f"{place.where} wants a login. Log in now?", usually=True):
        return False
    getting.log_in(place)
    return True
