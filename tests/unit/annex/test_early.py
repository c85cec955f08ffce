"""What is answered without a store does not make one."""

from git_annex_remote_pyshare.annex.early import EarlyRemote


class Part:
    """The part of a remote that needs a store."""

    def __init__(self) -> None:
        made.append(self)
        self.replies = 0

    def replied(self) -> None:
        self.replies += 1

    def getcost(self) -> int:
        return 7


made: list[Part] = []


def test_the_end_of_a_reply_reaches_the_part_with_the_store_once_there_is_one() -> None:
    made.clear()
    remote = EarlyRemote(Part)
    assert remote.listconfigs()
    remote.replied()
    assert not made
    assert remote.getcost() == 7
    remote.replied()
    assert [part.replies for part in made] == [1]
