"""The pages of ours that a browser shows at the beginning and the end of a login: plain words, nothing from outside."""

from html import escape
from http import HTTPStatus

from git_annex_remote_pyshare.backends.login import Page


def html(page: Page) -> bytes:
    """The page, readable by day and by night and on a phone."""
    good = page.status is HTTPStatus.OK
    fields = {
        "title": escape(page.title),
        "text": escape(page.text),
        "tone": "good" if good else "bad",
        "mark": "M8 16.5l5.5 5.5L24 11" if good else "M16 6.5v11.5M16 24.5v.1",
    }
    return _FRAME.format(style=_STYLE, **fields).encode()


def forwarding(link: str) -> bytes:
    """A page that leads on to the link at once, and tells the server there nothing of itself."""
    return _FORWARDING.format(link=escape(link)).encode()


_FORWARDING = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={link}">
<title>Log in - pyshare</title>
</head>
<body><p><a href="{link}">Go on with the login</a></p></body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #1d232b; --soft: #56616f; --edge: #e1e5ea;
  --good: #1a7f4b; --bad: #b3541e }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2127; --ink: #eceff3; --soft: #a5afbb;
  --edge: #30363e; --good: #4cc38a; --bad: #f0945c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; padding: 1.25rem; display: flex; align-items: center; justify-content: center;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main { width: 100%; max-width: 30rem; padding: 2.25rem 2rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 14px; overflow-wrap: anywhere }
svg { display: block; width: 3rem; height: 3rem; padding: .5rem; border-radius: 50%; fill: none; stroke: var(--card);
  stroke-width: 3.2; stroke-linecap: round; stroke-linejoin: round }
.good { background: var(--good) } .bad { background: var(--bad) }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em }
p { margin: 0; color: var(--soft) }
footer { margin-top: 1.75rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--soft);
  font-size: .875rem }
""".strip()

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - pyshare</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
</head>
<body>
<main>
<svg class="{tone}" viewBox="0 0 32 32" aria-hidden="true"><path d="{mark}"/></svg>
<h1>{title}</h1>
<p>{text}</p>
<footer>This page comes from pyshare on your own computer.</footer>
</main>
</body>
</html>
"""
