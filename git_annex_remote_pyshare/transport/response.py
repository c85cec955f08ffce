"""The response that backends read; only this package knows which library makes it."""

from urllib3.response import BaseHTTPResponse as HTTPResponse

__all__ = ("HTTPResponse",)
