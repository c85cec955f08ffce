"""Which proxy the environment wants between us and a server."""

import os

_NAMES = ("http_proxy", "https_proxy", "all_proxy")


def proxy_of(url: str) -> str:
    """The proxy that the environment names for this URL, or an empty string."""
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in _NAMES):
        return ""
    # Slow to import and hardly ever needed.
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

    parts = urlsplit(url)
    proxies = getproxies_environment()
    if proxy_bypass(parts.netloc):
        return ""
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"
