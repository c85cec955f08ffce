"""Draws a QR code with the characters of a terminal, without colours, so that it can be copied and piped."""

from git_annex_remote_pyshare.errors import BadSetting

_BORDER = 4
"""Light modules around the code that readers need (ISO/IEC 18004, quiet zone)."""

_HALVES = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""Two modules, one above the other (1 is dark): a terminal's background is mostly dark."""


def require_qr() -> None:
    """Raise BadSetting unless the library is installed; called before anything else is done."""
    try:
        import segno  # noqa: F401, PLC0415  # optional
    except ImportError:
        raise BadSetting(
            "--qr needs the Python package segno, which is not installed",
            remedy="Type: pipx inject git-annex-remote-pyshare segno, or: pip install segno",
        ) from None


def qr_code(text: str) -> str:
    """The lines of a QR code that contains the text.

    Raises:
        BadSetting: The library is missing, or the text is too long for a QR code.
    """
    require_qr()
    import segno  # noqa: PLC0415  # optional

    try:
        code = segno.make_qr(text, error="l", boost_error=False)
    except segno.DataOverflowError:
        raise BadSetting("the invitation is too long for a QR code", remedy="Leave --qr out.") from None
    rows = [list(row) for row in code.matrix_iter(border=_BORDER)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(_HALVES[(upper, lower)] for upper, lower in zip(*pair, strict=True)) for pair in pairs)
