"""The first question of `pyshare init`, where the files go: the services by the names that their users know."""

from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.offer import ADDRESS, Service
from git_annex_remote_pyshare.backends.spec import BackendSpec, Settings
from git_annex_remote_pyshare.cli.init.answers import Options
from git_annex_remote_pyshare.cli.init.dialogue import Choice, Dialogue
from git_annex_remote_pyshare.errors import BadSetting


def ask_address(options: Options, dialogue: Dialogue) -> Mapping[str, str]:
    """The settings that the address of the store means.

    Raises:
        BadSetting: An option is wrong, or one is missing and there is no terminal.
        PyshareError: The service cannot be used on this machine.
    """
    if options.url:
        return _settings_of(options.url, _service(options.service) if options.service else None)
    if not dialogue.is_open and not options.service:
        raise BadSetting("the address of the store is missing", remedy=_example(ADDRESS))
    word = options.service
    if not word:
        choices = [Choice(word, service.title) for word, service in _services().items()]
        word, address = dialogue.choose_with_address("Where should the files go?", choices)
        if address:
            return _settings_of(address, _service(word) if word else None)
    service = _service(word)
    if not service.question:
        return service.read("")
    if not dialogue.is_open:
        raise BadSetting(f"the address for {word} is missing", remedy=_example(service.example))
    return service.read(dialogue.ask_for(service.question, service.propose()))


def _services() -> Mapping[str, Service]:
    """Word for `--service` → service: each kind of store, after the services that have a name of their own there."""
    return {word: service for spec in registry.offered() for word, service in _of(spec)}


def _of(spec: BackendSpec) -> Iterator[tuple[str, Service]]:
    offer = spec.offered
    yield from offer.services.items()
    url = spec.login.url if spec.login else ""

    def read(text: str) -> Settings:
        return offer.read(text) if text else {"url": url}

    yield spec.name, Service(offer.title, offer.question, read, example=offer.example)


def _service(word: str) -> Service:
    services = _services()
    if word not in services:
        raise BadSetting(f"{word} is no kind of store", remedy=f"It is one of: {', '.join(services)}.")
    return services[word]


def _example(address: str) -> str:
    return f"Give it after the name, e.g. {address}"


def _settings_of(url: str, service: Service | None) -> Mapping[str, str]:
    """The settings that an address means; without a scheme it may be a folder, a service's name, or a web address."""
    if service:
        return service.read(url)
    from git_annex_remote_pyshare.cli.login_request import settings_of  # noqa: PLC0415  # imports all backends

    is_path = url.startswith(("/", ".", "~"))
    full = url if is_path else settings_of(url)["url"]
    return registry.spec_of(full).offered.read(full)
